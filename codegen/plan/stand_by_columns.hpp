#pragma once
// Pass: matrices of constants that multiply one vector stand by columns.

#include "codegen/calculus/derive.hpp"
#include "codegen/plan/specialisation.hpp"

namespace freefall::plan {

/// Where a kernel multiplies a matrix made of constants, whose rows are contiguous, with one vector, it reads
/// a transposed copy that `prepare` makes: each column times a number, added up, needs no sum over the lanes
/// of a vector. Only for copies that stay in the second cache. Keeps the value; idempotent. Returns the steps
/// that make the copies.
calculus::Steps stand_by_columns(std::vector<calculus::Procedure>& procedures, ir::Context& context,
                                 const Specialisation& sizes);

}  // namespace freefall::plan

#pragma once
// Pass: matrices of constants stand by columns where products read them.

#include "codegen/calculus/derive.hpp"
#include "codegen/plan/specialisation.hpp"

namespace freefall::plan {

/// Where a kernel sums over an index of an array of constants, it reads a copy that `prepare` makes, with the
/// largest index of the result that no other factor has last, and the summed ones before it: each row times a
/// number, added up, needs no sum over the lanes of a vector. Only for copies that stay in the second cache.
/// Keeps the value; idempotent. Returns the steps that make the copies.
calculus::Steps stand_by_columns(std::vector<calculus::Procedure>& procedures, ir::Context& context,
                                 const Specialisation& sizes);

}  // namespace freefall::plan

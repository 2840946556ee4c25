#pragma once
// Tables at outcomes that are given as numbers: a lookup in place of a sum over an indicator.

#include "codegen/calculus/schedule.hpp"
#include "codegen/plan/specialisation.hpp"

namespace freefall::plan {

/// sum_i [i = v] f(i) = f(v), where v does not depend on i and f reads tensors at i: T[i, j] becomes a gather
/// of T at (v, j). v is the number of an outcome of the axis, or a position, which may lie outside it: then
/// the sum is zero. Exact; idempotent. A sum stays where f takes so long, and has so few values, that working
/// all of them out and summing is less than one for each element of the result: the logarithms of a small
/// table for a large batch.
ir::Expr gather_outcomes(ir::Expr e, const Specialisation& sizes);
/// In every value of the schedule; an array that holds such an indicator there is read as the indicator.
void gather_outcomes(calculus::Steps& steps, const Specialisation& sizes);

}  // namespace freefall::plan

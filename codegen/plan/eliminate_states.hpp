#pragma once
// Pass: a loop that reads a state only through its error iterates the error alone.

#include "codegen/calculus/schedule.hpp"
#include "codegen/plan/specialisation.hpp"

namespace freefall::plan {

/// Where a loop changes x and reads it as x - m, with an m that does not change in the loop, the error
/// e = x - m takes the place of x in the loop, and x = m + e is set after it: predictions that are held
/// (Millidge, Tschantz and Buckley 2022, the fixed prediction assumption) are such an m, and so are those of
/// a layer below which nothing moves. Only where the passes of the loop have less to do. An element that may
/// lie outside its array is read as an error only below the indicator that it does not. Keeps the value up to
/// rounding; idempotent.
calculus::Steps eliminate_states(const calculus::Steps& steps, ir::Context& context,
                                 const Specialisation& sizes);

}  // namespace freefall::plan

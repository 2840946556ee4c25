#pragma once
// Pass: where much of the first pass of a loop computes what is known already, it stands before the loop.

#include "codegen/calculus/schedule.hpp"
#include "codegen/plan/specialisation.hpp"

namespace freefall::plan {

/// Follows a schedule in sequential form (materialise.hpp) and knows what each tensor holds as an expression
/// of others, until either changes. Known constants and copies are put in; in the first pass of a loop
/// assignments that change nothing fall away as well, and if the pass is cheaper by a tenth or more it is
/// peeled off: of a network that starts at its predictions the errors inside are zero, so the first step
/// moves only the units below the clamped ones. Exact over the reals. Keeps the value; idempotent; never
/// raises the cost. Loops that may end early, or that draw, are left as they are.
calculus::Steps peel_first_passes(const calculus::Steps& steps, const Specialisation& sizes);

}  // namespace freefall::plan

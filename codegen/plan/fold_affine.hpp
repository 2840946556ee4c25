#pragma once
// Pass: what is affine, with coefficients made of constants, becomes one product for each array it reads; a
// loop over such a step becomes one step.

#include "codegen/calculus/derive.hpp"
#include "codegen/plan/specialisation.hpp"

namespace freefall::plan {

/// In the steps of a kernel, where that is less work,
///   x := f(x, y)                 becomes  x := M x + L y + c, where f is a polynomial of the arrays x and y
///   whose
///                                derivatives M and L read constants alone, which proves it affine
///   repeat T: x := M x + b       becomes  x := M^T x + (1 + M + ... + M^(T-1)) b, where b does not change
///   x := f(z); x := g(x, y)      becomes  x := h(z, y)
/// Returns the steps that compute the powers of M; all else made of constants is left in place for
/// hoist_constants. Keeps the value; idempotent.
calculus::Steps fold_affine(std::vector<calculus::Procedure>& procedures, ir::Context& context,
                            const Specialisation& sizes);

}  // namespace freefall::plan

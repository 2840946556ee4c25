#pragma once
// Stationary points in closed form, derived from the functional: where dF/d(target) = 0.

#include "codegen/calculus/schedule.hpp"
#include "codegen/ir/program.hpp"

namespace freefall::calculus {

struct Stationary {
  ir::Expr gradient;  ///< dF/d target
  Assignment update;  ///< target := its stationary value
};

/// A variable whose gradient is affine in it goes there by one Newton step. A precision Pi = Sigma^-1 goes
/// where dF/dSigma = 0, which has a closed form when dF/dSigma = a Sigma^-1 + B with a and B free of Sigma:
/// then Pi = -B / a. Where the elements of an axis are `visited` one after the other, a variable goes to the
/// zero of the gradient of the visited element alone, all others given. Throws ir::ModelError at `origin`
/// where there is no closed form.
Stationary stationary(ir::Expr functional, const ir::Tensor* target, const ir::Origin& origin,
                      const ir::Axis* visited = nullptr);

}  // namespace freefall::calculus

#pragma once
// Another presynaptic activity in a rule: the factor that a parameter multiplies is read from a variable that
// the functional does not have there. The result is a rule that is not the gradient of the functional.

#include "codegen/ir/expr.hpp"

namespace freefall::calculus {

/// d functional / d parameter in which the activity beside the parameter is `activity`, a tensor with the
/// axes of the one it stands for; everything else, such as the prediction, stays as differentiated. Every
/// product in which the parameter stands must have exactly one such activity, summed with it; throws
/// ir::ModelError otherwise.
ir::Expr presynaptic_gradient(ir::Expr functional, const ir::Tensor* parameter, const ir::Tensor* activity);

}  // namespace freefall::calculus

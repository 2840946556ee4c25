#pragma once
// From symbols to values: functionals, gradients and rules stand as symbols in a program's expressions.

#include "codegen/calculus/derive.hpp"
#include "codegen/elaborate/hold_predictions.hpp"

namespace freefall::calculus {

/// Derivatives of a functional with respect to variables and to their copies in held predictions.
std::vector<ir::Expr> gradients(const elaborate::Held& held, ir::Expr functional,
                                const std::vector<const ir::Tensor*>& of);

/// The value of an expression in which functionals and gradients stand as symbols.
ir::Expr resolve(const elaborate::Held& held, ir::Expr e);

/// The same for a program that is derived already, nothing held; and rules may stand in the expression.
/// Throws ir::ModelError where a kernel has two different rules for the variable of one.
ir::Expr resolve(const ir::Program& program, const Derivation& derivation, ir::Expr e);

}  // namespace freefall::calculus

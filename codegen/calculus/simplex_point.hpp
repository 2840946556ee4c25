#pragma once
// The minimum of a functional over the probabilities of one variable, in closed form.

#include <optional>

#include "codegen/ir/expr.hpp"

namespace freefall::calculus {

struct SimplexPoint {
  ir::Expr gradient;  ///< dF/dq, over the canonical indices of the variable
  ir::Expr value;     ///< softmax of minus the part of the gradient that does not depend on q
};

/// Proves that dF/dq_i = ln q_i + 1 + r_i with r that does not depend on q. Under sum_i q_i = 1 with the
/// multiplier m, ln q_i + 1 + r_i + m = 0, so q = softmax(-r); F is convex in q, so this is its minimum.
/// Returns nothing when it is not provable.
std::optional<SimplexPoint> try_simplex_point(ir::Expr functional, const ir::Tensor* one_of);

}  // namespace freefall::calculus

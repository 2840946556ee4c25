#pragma once
// Derivatives by source transformation in index notation: the result is an expression, not a tape.
//
// Each node has one table of partials (its derivative with respect to each argument, over the indices of
// both); reverse mode and forward mode read the same table. The adjoint of a contraction is a contraction and
// Kronecker deltas vanish by substitution (Laue, Mitterreiter and Giesen 2018, "Computing higher order
// derivatives of matrix and tensor expressions", sections 3 and 4).

#include <vector>

#include "codegen/ir/expr.hpp"

namespace freefall::calculus {

/// d f / d t[i, j, ...] for each tensor, in one reverse pass. `f` must be a scalar (no free indices); throws
/// std::invalid_argument otherwise. Results carry the canonical indices of their tensor. A tensor that f does
/// not contain gives the constant 0.
std::vector<ir::Expr> gradients(ir::Expr f, const std::vector<const ir::Tensor*>& with_respect_to);
ir::Expr gradient(ir::Expr f, const ir::Tensor* with_respect_to);

/// A tensor and the direction it moves in, over the tensor's canonical indices.
struct Tangent {
  const ir::Tensor* tensor;
  ir::Expr direction;
};
/// The derivative of f along the tangents (forward mode), over the free indices of f.
ir::Expr directional_derivative(ir::Expr f, const std::vector<Tangent>& tangents);

/// e with its two indices exchanged, averaged with e: what the derivative by a symmetric matrix is. An e that
/// is symmetric stays as it is.
ir::Expr symmetric_part(ir::Expr e, const ir::Index& row, const ir::Index& column);

}  // namespace freefall::calculus

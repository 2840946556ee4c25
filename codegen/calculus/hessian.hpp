#pragma once
// Second derivatives with respect to one tensor.
//
// Copies along plates are independent, so the Hessian is a block for each copy: a square matrix over the one
// axis of the tensor that is no plate, or a scalar where there is none.

#include <optional>

#include "codegen/ir/expr.hpp"

namespace freefall::calculus {

/// The indices of a block: those of the copies, and row and column of the matrix (none: a scalar).
struct BlockIndices {
  std::vector<ir::Index> copies;
  std::optional<ir::Index> row, column;
};
/// Where the elements of an axis are `visited` one after the other, the others of that axis are given: it
/// counts among the copies. Throws ir::ModelError naming the tensor when it has several axes that are
/// neither.
BlockIndices block_indices(const ir::Tensor* tensor, const ir::Axis* visited = nullptr);

/// d^2 f / dt dt of a scalar f, over the canonical indices of t, its matrix axis primed as well.
ir::Expr hessian(ir::Expr f, const ir::Tensor* tensor);
/// d e / dt along the matrix axis of t: over the indices of e and `along`. Of a gradient: the Hessian.
ir::Expr jacobian(ir::Expr e, const ir::Tensor* tensor, const ir::Index& along,
                  const ir::Axis* visited = nullptr);

/// (d^2 F / dt dt)^-1 dF/dt from the gradient of F, over the canonical indices of t.
ir::Expr newton_step(ir::Expr gradient, const ir::Tensor* tensor, const ir::Axis* visited = nullptr);

/// e with the elements of t held: derivatives do not see them. `thaw` brings them back.
ir::Expr hold(ir::Expr e, const ir::Tensor* tensor);
ir::Expr thaw(ir::Expr e);
bool has_held(ir::Expr e);

/// e to first order in the tensor, about its value held: g(t0) + dg/dt (t - t0) with t0 = hold(t).
ir::Expr linearise(ir::Expr e, const ir::Tensor* tensor);

/// matrix^-1 of a symmetric positive definite block read at its own row and column; 1 / e of a scalar.
ir::Expr block_inverse(const BlockIndices& block, ir::Expr matrix);
/// ln |matrix| of a block; ln e of a scalar.
ir::Expr block_log_det(const BlockIndices& block, ir::Expr matrix);

}  // namespace freefall::calculus

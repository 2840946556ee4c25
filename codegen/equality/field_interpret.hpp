#pragma once
// The value of an expression at a random point of the prime field, with every function taken for an unknown
// one.

#include <vector>

#include "codegen/equality/field.hpp"
#include "codegen/ir/interpret.hpp"

namespace freefall::equality {

/// Sizes, and a seed from which each element of each tensor, and each value of each function, is drawn.
struct FieldPoint {
  ir::Sizes sizes;
  std::uint64_t seed = 0;
};

/// Values over the free indices of e in sorted order. Pointwise functions, maxima and log-determinants are
/// random functions of their arguments; sums, products, contractions and inverses are what they are, softmax
/// and log-sum-exp are spelled out by exp and log, and a choice mixes both branches by a random function.
/// Throws std::domain_error when something divides by zero.
std::vector<Field> field_evaluate(ir::Expr e, const FieldPoint& point);

/// A bound on the degree of the polynomials that decide equality at a random point: the sum over all nodes.
double degree_bound(ir::Expr e, const ir::Sizes& sizes);

}  // namespace freefall::equality

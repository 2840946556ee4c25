#pragma once
// Expressions as people write them: W2^T (f'(a) .* eps) instead of sums over indices.
//
//   A x, A^T x, A B     products; x y^T the outer product, x^T y the inner one
//   x .* y, x ./ y      element by element; x.^2
//   tanh'(a)            the derivative of a function, recognised by its row in the table of functions
//   sum_batch(...)      over copies and over time, whose indices are left out (an earlier tick shows: h[t -
//   1]) 1                   a vector of ones; I the identity; diag(x); inv(A)
//
// What has no such form, a tensor of three axes or an index that is no plain one, is printed in index
// notation between braces.

#include <map>
#include <string>

#include "codegen/ir/print.hpp"

namespace freefall::report {

struct MatrixNames {
  std::vector<ir::NamedPart> parts;  ///< printed by name
  bool name_root = true;             ///< false: the root is written out even if it has a name
  std::map<const ir::Tensor*, std::string>
      spelling;  ///< of tensors that show by another text than their name
};

/// `order`: the indices of rows and columns in this order, such as the canonical indices of a rule's target.
std::string matrix_form(ir::Expr e, const std::vector<ir::Index>& order, const MatrixNames& names = {});

}  // namespace freefall::report

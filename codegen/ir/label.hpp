#pragma once
// Canonical labels of bound indices. For make_ functions only.
//
// A binder's labels are the numbers above the highest label in its body, in order of axes. Bound indices of
// one axis are interchangeable, so one of their orders must be chosen by structure: indices are placed one
// after the other, smallest signature first, where a signature hashes the body as seen from a candidate; ties
// are followed in parallel (up to a limit, which only highly symmetric bodies reach, where all choices are
// the same) and the structurally smallest body wins.

#include <vector>

#include "codegen/ir/expr.hpp"

namespace freefall::ir {

/// A body over canonical labels. Renaming may bring out a coefficient, since the leading term of a sum (which
/// decides the sign it has as a factor) depends on names; so the body stands apart from its coefficient.
struct Labelled {
  std::vector<Index> bound;
  Expr body;
  Number weight = 1;
  bool antisymmetric = false;  ///< another order of the indices gives the same body with another weight
};
/// Renames the interchangeable indices `bound` in the body.
Labelled label_canonically(std::vector<Index> bound, Expr body);

/// The same for indices that are not interchangeable: labels follow their order.
std::vector<Index> label_in_order(std::vector<Index> bound, Expr& body);

}  // namespace freefall::ir

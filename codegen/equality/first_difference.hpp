#pragma once
// Where two rules first differ.

#include <optional>

#include "codegen/ir/expr.hpp"

namespace freefall::equality {

/// The smallest sub-expressions in which two expressions differ, as one would find them reading both from the
/// outside in: common terms and factors are passed over, functions and sums over indices are entered as long
/// as one part remains on each side. Either may be empty (null): a term or factor the other side has in
/// addition.
struct Difference {
  ir::Expr derived, reference;
  /// The terms of the outermost sum that hold them.
  ir::Expr derived_term, reference_term;
};
Difference first_difference(ir::Expr derived, ir::Expr reference);

}  // namespace freefall::equality

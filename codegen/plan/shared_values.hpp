#pragma once
// Which values are worked out once and held, though they are pointwise.

#include <set>
#include <unordered_map>

#include "codegen/ir/expr.hpp"

namespace freefall::plan {

/// True for a node that gets a buffer of its own: a sum, a reduction, a matrix function, a draw.
bool needs_buffer(ir::Op op);

/// Counts who reads costly functions and long sums in some expressions, equal ones at other indices
/// (generic_form.hpp) included.
class SharedValues {
 public:
  void count(ir::Expr root);
  /// A costly function that is read twice, or would be worked out in each row; a long sum that several loops
  /// read.
  bool deserves_buffer(ir::Expr e) const;

 private:
  void count_uses(ir::Expr root);
  void count_loops(ir::Expr root);

  std::unordered_map<const ir::Node*, int> uses_, loops_;
  std::set<const ir::Node*> used_below_, looped_below_;  // buffered values, below which they are counted once
};

}  // namespace freefall::plan

#pragma once
// Checks the invariants of expr.hpp. A violation is an error of the compiler, never of the user.

#include "codegen/ir/expr.hpp"

namespace freefall::ir {

/// Checks every node below and including e, which must be closed (no bound label free). Throws
/// std::logic_error naming the node and the invariant. Linear in the number of nodes, apart from the cost of
/// making each again.
void verify(Expr e);

}  // namespace freefall::ir

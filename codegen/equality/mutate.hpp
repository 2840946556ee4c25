#pragma once
// Single mistakes, as people make them: each is one way in which a rule derived by hand goes wrong.

#include <string>
#include <vector>

#include "codegen/ir/expr.hpp"

namespace freefall::equality {

struct Mutation {
  std::string mistake;  ///< "sign", "factor dropped", "factor 2", "transposed", "derivative dropped", ...
  ir::Expr expression;
};

/// Every expression that differs from e by one mistake somewhere below it. Mutations that leave e as it is
/// (up to the canonical form) are left out.
std::vector<Mutation> mutations(ir::Expr e);

}  // namespace freefall::equality

#pragma once
// What a wrong rule is wrong in.

#include <optional>
#include <string>

#include "codegen/ir/expr.hpp"

namespace freefall::equality {

/// The single mistake that makes the reference of the derived rule, in words: "missing transpose of 'W2'",
/// "sign", "f in place of f'". Nothing when no single mutation does.
std::optional<std::string> guess_cause(ir::Expr derived, ir::Expr reference);

}  // namespace freefall::equality

#pragma once
// Indicators: factors that are 1 where a condition on indices holds, else 0.

#include "codegen/ir/expr.hpp"

namespace freefall::ir {

/// A zero indicator makes a product zero, whatever the other factors are.
inline bool is_indicator(Expr e) { return e->op == Op::Delta || e->op == Op::Range; }

}  // namespace freefall::ir

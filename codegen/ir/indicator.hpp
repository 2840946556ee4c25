#pragma once
// Indicators: factors that are 1 where a condition on indices holds, else 0.

#include "codegen/ir/expr.hpp"

namespace freefall::ir {

/// A zero indicator makes a product zero, whatever the other factors are.
inline bool is_indicator(Expr e) { return e->op == Op::Delta || e->op == Op::Range; }

/// v of e = [i = v], a computed position free of i, or null.
inline Expr chosen_position(Expr e, const Index& i) {
  if (e->op != Op::Map || e->function != Function::equal) return {};
  for (const std::size_t side : {0u, 1u}) {
    const Expr position = e->args[side], value = e->args[1 - side];
    if (position->op == Op::Position && position->subscripts[0] == Subscript(i) && !value->depends_on(i))
      return value;
  }
  return {};
}

}  // namespace freefall::ir

#include "codegen/emit/plates_of.hpp"

#include <algorithm>
#include <optional>

#include "codegen/plan/specialisation.hpp"

namespace freefall::emit {

using namespace ir;

std::vector<const Axis*> plates_of(const loop::Operation& operation) {
  std::vector<const Axis*> out;
  const auto add = [&](const Axis* a) {
    if (a != nullptr && plan::is_counted(a) && std::find(out.begin(), out.end(), a) == out.end())
      out.push_back(a);
  };
  const auto add_index = [&](const std::optional<Index>& i) {
    if (i) add(i->axis);
  };
  const auto add_expr = [&](Expr e) {
    for (const Expr n : topological({e})) {
      add(n->axis);
      if (n->op != Op::Access && n->op != Op::Gather) continue;
      for (std::size_t p = 0; p < n->tensor->axes.size();
           ++p) {  // what may lie outside is compared with the copies
        const bool plain = n->op == Op::Access && n->subscripts[p].is_plain() &&
                           n->subscripts[p].plain().axis == n->tensor->axes[p];
        if (!plain) add(n->tensor->axes[p]);
      }
    }
  };
  if (const auto* nest = std::get_if<loop::Nest>(&operation.action)) {
    for (const Index& i : nest->loops) add(i.axis);
    for (const auto& s : nest->stores) add_expr(s.value);
  } else if (const auto* gemm = std::get_if<loop::Gemm>(&operation.action)) {
    for (const Index& i : gemm->outer) add(i.axis);
    add_index(gemm->m);
    add_index(gemm->n);
    add_index(gemm->k);
    for (const auto& s : gemm->epilogue) add_expr(s.value);
  } else if (const auto* draws = std::get_if<loop::Draws>(&operation.action)) {
    for (const Axis* a : draws->result->axes) add(a);
  } else if (const auto* f = std::get_if<loop::MatrixFunction>(&operation.action)) {
    for (const Index& i : f->outer) add(i.axis);
  } else if (const auto* transfer = std::get_if<loop::Transfer>(&operation.action)) {
    add(transfer->plate);
  }
  if (const loop::Operations* body = loop::body_of(operation)) {
    for (const loop::Operation& inside : *body) {
      for (const Axis* a : plates_of(inside)) add(a);
    }
  }
  std::sort(out.begin(), out.end(), [](const Axis* a, const Axis* b) { return a->name < b->name; });
  return out;
}

}  // namespace freefall::emit

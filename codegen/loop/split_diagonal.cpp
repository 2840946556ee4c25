#include "codegen/loop/split_diagonal.hpp"

#include <algorithm>

namespace freefall::loop {
namespace {

using namespace ir;

// The index that an indicator compares with j, of the same axis.
std::optional<Index> compared_with(Expr e, const Index& j) {
  if (e->op != Op::Delta || !e->subscripts[0].is_plain() || !e->subscripts[1].is_plain()) return {};
  const Index a = e->subscripts[0].plain(), b = e->subscripts[1].plain();
  if (a.axis != b.axis || (a == j) == (b == j)) return {};
  return a == j ? b : a;
}

}  // namespace

std::optional<SplitNest> split_diagonal(const Nest& nest) {
  if (nest.stores.size() != 1 || nest.loops.empty()) return {};
  const Store& store = nest.stores[0];
  const Index j = nest.loops.back();
  const bool runs_along =
      std::find(store.subscripts.begin(), store.subscripts.end(), Subscript(j)) != store.subscripts.end();
  if (store.mode != Store::Mode::set || !runs_along ||
      !reads_only_at(store.value, store.target, store.subscripts))
    return {};
  std::optional<Index> i;
  for (const Expr e : topological({store.value})) {
    if (!i) i = compared_with(e, j);
  }
  if (!i) return {};

  SplitNest out{store, nest};
  const Substitution to_diagonal{{j, *i}};
  for (Subscript& s : out.on_diagonal.subscripts) {
    if (s == Subscript(j)) s = Subscript(*i);
  }
  for (const Subscript& s : out.on_diagonal.subscripts) {
    for (const auto& term : s.terms) {
      if (term.index == j) return {};
    }
  }
  out.on_diagonal.value = substitute(store.value, to_diagonal);
  out.elsewhere.stores[0].value = transform(
      store.value, [&](Expr e) { return compared_with(e, j) == i ? make_constant(*e->context, 0) : e; });
  return out;
}

}  // namespace freefall::loop

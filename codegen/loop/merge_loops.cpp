#include "codegen/loop/merge_loops.hpp"

#include <algorithm>

namespace freefall::loop {
namespace {

using namespace ir;

bool has(const Subscript& s, const Index& i) {
  return std::any_of(s.terms.begin(), s.terms.end(), [&](const auto& term) { return term.index == i; });
}

// Elements between neighbours along the index; nothing where it stands in more than the whole of a subscript.
std::optional<std::size_t> stride_along(const Index& i, const Tensor* t, const std::vector<Subscript>& at,
                                        const plan::Specialisation& sizes) {
  const auto all = strides(t, sizes);
  std::size_t out = 0;
  for (std::size_t p = 0; p < at.size(); ++p) {
    if (!has(at[p], i)) continue;
    if (!at[p].is_plain() || t->axes[p] != i.axis) return std::nullopt;
    out += all[p];
  }
  return out;
}

// True if a step of `outer` is as long as all those of `inner` together.
bool follows(const Index& outer, const Index& inner, std::size_t inner_count, const Tensor* t,
             const std::vector<Subscript>& at, const plan::Specialisation& sizes) {
  const auto far = stride_along(outer, t, at, sizes), near = stride_along(inner, t, at, sizes);
  return far && near && *far == *near * inner_count;
}

bool are_one(const Index& outer, const Index& inner, std::size_t inner_count,
             const std::vector<Store>& stores, const plan::Specialisation& sizes) {
  if (plan::is_counted(outer.axis) || plan::is_counted(inner.axis)) return false;
  return std::all_of(stores.begin(), stores.end(), [&](const Store& s) {
    if (!follows(outer, inner, inner_count, s.target, s.subscripts, sizes)) return false;
    const auto nodes = topological({s.value});
    return std::all_of(nodes.begin(), nodes.end(), [&](Expr e) {
      if (e->op == Op::Access) return follows(outer, inner, inner_count, e->tensor, e->subscripts, sizes);
      return std::none_of(e->subscripts.begin(), e->subscripts.end(),
                          [&](const Subscript& at) { return has(at, outer) || has(at, inner); });
    });
  });
}

// The stores where the index is zero.
std::vector<Store> without(const Index& gone, std::vector<Store> stores) {
  const Substitution zero{{gone, Subscript(0)}};
  for (Store& s : stores) {
    for (Subscript& at : s.subscripts) at = substitute(at, zero);
    s.value = substitute(s.value, zero);
  }
  return stores;
}

}  // namespace

MergedNest merge_loops(MergedNest out, const plan::Specialisation& sizes, std::size_t keep) {
  auto& loops = out.nest.loops;
  for (std::size_t d = loops.size(); d > keep + 1; --d) {  // loop d - 1 and the one around it
    const Index outer = loops[d - 2], inner = loops[d - 1];
    if (!are_one(outer, inner, out.counts[d - 1], out.nest.stores, sizes)) continue;
    out.nest.stores = without(outer, std::move(out.nest.stores));
    out.counts[d - 1] *= out.counts[d - 2];
    loops.erase(loops.begin() + static_cast<std::ptrdiff_t>(d) - 2);
    out.counts.erase(out.counts.begin() + static_cast<std::ptrdiff_t>(d) - 2);
  }
  return out;
}

MergedNest merge_loops(const Nest& nest, const plan::Specialisation& sizes, std::size_t keep) {
  MergedNest whole{nest, {}};
  for (const Index& i : nest.loops) whole.counts.push_back(sizes.extent(i.axis));
  return merge_loops(std::move(whole), sizes, keep);
}

}  // namespace freefall::loop

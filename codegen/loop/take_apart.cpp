#include "codegen/loop/take_apart.hpp"

#include <algorithm>
#include <set>

#include "codegen/plan/generic_form.hpp"

namespace freefall::loop {
namespace {

using namespace ir;

std::set<const Node*> long_work(const Store& s) {
  std::set<const Node*> out;
  for (const Expr e : topological({s.value})) {
    if (plan::is_expensive(e)) out.insert(e.get());
  }
  return out;
}

// Each reads what the other writes at its own element alone, if at all, and they share no long work.
bool may_part(const Store& a, const Store& b) {
  const auto apart = [](const Store& reader, const Store& writer) {
    return reads_only_at(reader.value, writer.target, writer.subscripts);
  };
  const std::set<const Node*> first = long_work(a), second = long_work(b);
  return a.target != b.target && a.mode == Store::Mode::set && b.mode == Store::Mode::set && apart(a, b) &&
         apart(b, a) &&
         std::none_of(first.begin(), first.end(), [&](const Node* e) { return second.contains(e); });
}

bool reads(const Store& s, const Tensor* t) {
  const auto nodes = topological({s.value});
  return std::any_of(nodes.begin(), nodes.end(), [&](Expr e) { return e->tensor == t; });
}

}  // namespace

bool may_pass_twice(const std::vector<Store>& stores) {
  for (std::size_t n = 0; n < stores.size(); ++n) {
    const Store& s = stores[n];
    if (s.mode != Store::Mode::set) return false;
    for (std::size_t m = 0; m < stores.size(); ++m) {
      const bool is_set_before = m < n && reads_only_at(s.value, stores[m].target, stores[m].subscripts);
      if (!is_set_before && reads(s, stores[m].target)) return false;
    }
  }
  return true;
}

bool ends_costly(const Store& s, const MergedNest& merged, const plan::Specialisation& sizes) {
  const auto& loops = merged.nest.loops;
  return s.mode == Store::Mode::set && !loops.empty() && !plan::is_counted(loops.back().axis) &&
         has_costly_rest(s.value, merged.counts.back(), sizes);
}

bool is_done_at_once(const MergedNest& merged, const plan::Specialisation& sizes) {
  const auto& stores = merged.nest.stores;
  return may_pass_twice(stores) && std::any_of(stores.begin(), stores.end(),
                                               [&](const Store& s) { return ends_costly(s, merged, sizes); });
}

std::vector<MergedNest> take_apart(const MergedNest& merged, const plan::Specialisation& sizes) {
  const auto& stores = merged.nest.stores;
  std::vector<MergedNest> out;
  for (const Store& s : stores) {
    // Behind the others of the last nest, unless it would keep them from being done at once, or they it.
    bool joins = !out.empty();
    if (joins) {
      std::vector<Store> with = out.back().nest.stores;
      with.push_back(s);
      joins = may_pass_twice(with) || !std::any_of(with.begin(), with.end(), [&](const Store& each) {
                return ends_costly(each, merged, sizes) && may_pass_twice({each});
              });
    }
    if (!joins) {
      // No store before the cut may have to stay with one behind it.
      const std::size_t cut = static_cast<std::size_t>(&s - stores.data());
      for (std::size_t before = 0; before < cut; ++before) {
        for (std::size_t behind = cut; behind < stores.size(); ++behind)
          joins = joins || !may_part(stores[before], stores[behind]);
      }
    }
    if (out.empty() || !joins) out.push_back({{merged.nest.loops, {}}, merged.counts});
    out.back().nest.stores.push_back(s);
  }
  return out;
}

}  // namespace freefall::loop

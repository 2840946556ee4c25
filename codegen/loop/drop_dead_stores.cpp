#include "codegen/loop/drop_dead_stores.hpp"

#include <algorithm>
#include <set>

namespace freefall::loop {
namespace {

using namespace ir;

class DeadStores {
 public:
  // The operations without what is dead; `live_` goes from what is read after them to what is read from them
  // on.
  Operations drop(const Operations& operations) {
    Operations out;
    for (std::size_t n = operations.size(); n-- > 0;) {
      Operation o = operations[n];
      if (!std::visit([&](auto& action) { return keep(action); }, o.action)) continue;
      if (auto* g = std::get_if<Gemm>(&o.action); g != nullptr && !g->stores_c && !reads_sums(*g))
        o.action = Nest{all_indices(*g), g->epilogue};
      out.push_back(std::move(o));
    }
    std::reverse(out.begin(), out.end());
    return out;
  }

 private:
  using Live = std::set<const Tensor*>;  // a set of facts; its order is never seen

  bool is_dead(const Tensor* t) const { return t->role == Role::temporary && !live_.contains(t); }
  void read(Expr e) {
    for (const Tensor* t : tensors_of(e)) live_.insert(t);
  }

  // Stores of one element run in order, so the last one is looked at first. An element that a later store of
  // the list reads is live for the earlier ones.
  void drop(std::vector<Store>& stores) {
    std::vector<Store> out;
    for (std::size_t n = stores.size(); n-- > 0;) {
      const Store& s = stores[n];
      if (is_dead(s.target)) continue;
      if (sets_all(s)) live_.erase(s.target);
      if (s.mode != Store::Mode::set) live_.insert(s.target);
      read(s.value);
      out.push_back(s);
    }
    std::reverse(out.begin(), out.end());
    stores = std::move(out);
  }

  static bool reads_sums(const Gemm& g) {
    return std::any_of(g.epilogue.begin(), g.epilogue.end(), [&](const Store& s) {
      const auto all = tensors_of(s.value);
      return std::find(all.begin(), all.end(), g.c->tensor) != all.end();
    });
  }

  bool keep(Nest& nest) {
    drop(nest.stores);
    return !nest.stores.empty();
  }
  bool keep(Gemm& g) {
    const Tensor* c = g.c->tensor;
    const bool read_later = !is_dead(c);
    drop(g.epilogue);
    if (g.epilogue.empty() && !read_later) return false;
    g.stores_c = read_later;
    if (sets_all({c, g.c->subscripts, g.accumulate ? Store::Mode::add : Store::Mode::set, g.c, {}}) ||
        !read_later)
      live_.erase(c);
    if (g.accumulate) live_.insert(c);
    if (!g.stores_c && !reads_sums(g)) return true;  // becomes a nest
    read(g.a);
    read(g.b);
    return true;
  }
  bool keep(MatrixFunction& f) {
    read(f.matrix);
    return true;
  }
  bool keep(Draws&) { return true; }
  bool keep(Transfer& t) {
    const bool in = t.direction == Transfer::Direction::to_lanes;
    if (is_dead(in ? t.lanes : t.whole)) return false;
    if (in) live_.erase(t.lanes);
    live_.insert(in ? t.whole : t.lanes);
    return true;
  }
  bool keep(Repeat& r) {
    for (const Tensor* t : {r.moved, r.while_positive}) {
      if (t != nullptr) live_.insert(t);
    }
    return loop(r.body) || r.tolerance;
  }
  bool keep(Sweep& s) {
    if (s.elements != nullptr) live_.insert(s.elements);
    return loop(s.body);
  }
  bool keep(Slices& s) { return loop(s.body); }

  // What a pass reads is live at the end of the pass before it.
  bool loop(Operations& body) {
    Live before = live_;
    for (;;) {
      live_ = before;
      const Operations kept = drop(body);
      Live grown = before;
      grown.insert(live_.begin(), live_.end());
      if (grown == before) {
        body = kept;
        live_ = before;
        return !body.empty();
      }
      before = std::move(grown);
    }
  }

  Live live_;
};

}  // namespace

Operations drop_dead_stores(const Operations& operations) { return DeadStores().drop(operations); }

}  // namespace freefall::loop

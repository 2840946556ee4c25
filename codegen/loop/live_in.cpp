#include "codegen/loop/live_in.hpp"

#include <algorithm>
#include <map>

namespace freefall::loop {
namespace {

using ir::Tensor;

bool contains(const std::vector<const Tensor*>& list, const Tensor* t) {
  return std::find(list.begin(), list.end(), t) != list.end();
}

// The sweeps around an operation, outermost first.
using Sweeps = std::vector<const Sweep*>;

// True if the body of the sweep sets the tensor at every tick.
bool sets_every_tick(const Sweep& sweep, const Tensor* t) {
  if (sweep.order == ir::Order::random) return false;
  return std::any_of(sweep.body.begin(), sweep.body.end(), [&](const Operation& o) {
    const auto* nest = std::get_if<Nest>(&o.action);
    return nest != nullptr && std::any_of(nest->stores.begin(), nest->stores.end(), [&](const Store& s) {
             return s.target == t && s.mode == Store::Mode::set &&
                    std::find(s.subscripts.begin(), s.subscripts.end(), ir::Subscript(sweep.tick)) !=
                        s.subscripts.end();
           });
  });
}

// True if the value reads the tensor only at ticks that an enclosing sweep has set before; outside the axis
// it reads zero.
bool reads_earlier_ticks(ir::Expr value, const Tensor* t, const Sweeps& sweeps) {
  const auto nodes = ir::topological({value});
  return std::any_of(sweeps.begin(), sweeps.end(), [&](const Sweep* sweep) {
    const auto earlier = [&](const ir::Subscript& s) {
      return s.terms == ir::Subscript(sweep->tick).terms &&
             ((sweep->order == ir::Order::forwards && s.offset < 0) ||
              (sweep->order == ir::Order::backwards && s.offset > 0));
    };
    return sets_every_tick(*sweep, t) && std::all_of(nodes.begin(), nodes.end(), [&](ir::Expr n) {
             return n->tensor != t || std::any_of(n->subscripts.begin(), n->subscripts.end(), earlier);
           });
  });
}

// The whole array behind the arrays of lanes.
using Wholes = std::map<const Tensor*, const Tensor*>;
void collect_wholes(const Operations& operations, Wholes& into) {
  for (const Operation& o : operations) {
    if (const Operations* body = body_of(o)) collect_wholes(*body, into);
    if (const auto* transfer = std::get_if<Transfer>(&o.action)) into[transfer->lanes] = transfer->whole;
  }
}

// What flows through an array of lanes flows through the whole array: a slice is copied in as a whole so that
// what the kernel does not set comes back unchanged, which is no use of it.
void flow(const Operations& operations, std::vector<const Tensor*>& live_in,
          std::vector<const Tensor*>& written, const Wholes& wholes, const Sweeps& sweeps = {}) {
  const auto whole = [&](const Tensor* t) {
    const auto at = wholes.find(t);
    return at == wholes.end() ? t : at->second;
  };
  for (const Operation& o : operations) {
    if (std::holds_alternative<Transfer>(o.action)) continue;
    if (const Operations* body = body_of(o)) {
      Sweeps inside = sweeps;
      const auto* sweep = std::get_if<Sweep>(&o.action);
      if (sweep != nullptr) inside.push_back(sweep);
      if (sweep != nullptr && sweep->order == ir::Order::random) {
        // Elements that happen not to be visited keep what the caller put there.
        const Touched visited = touched(*body);
        for (const Tensor* t : visited.written) {
          if (!contains(written, whole(t)) && !contains(live_in, whole(t))) live_in.push_back(whole(t));
        }
      }
      const auto* repeat = std::get_if<Repeat>(&o.action);
      if (repeat != nullptr && repeat->while_positive != nullptr) {  // what it writes may stay as it was
        auto within = written;
        flow(*body, live_in, within, wholes, inside);
      } else {
        flow(*body, live_in, written, wholes, inside);
      }
      continue;
    }
    const Touched t = touched(o);
    // Within a fused nest a later store may read what an earlier one of the same nest wrote; that is not live
    // in.
    std::vector<const Tensor*> set_here;
    const auto use = [&](const Tensor* r) {
      if (!contains(written, whole(r)) && !contains(set_here, r) && !contains(live_in, whole(r)))
        live_in.push_back(whole(r));
    };
    const auto in_order = [&](const std::vector<Store>& stores) {
      for (const Store& s : stores) {
        for (const Tensor* r : ir::tensors_of(s.value)) {
          if (!reads_earlier_ticks(s.value, r, sweeps)) use(r);
        }
        if (s.mode == Store::Mode::set) set_here.push_back(s.target);
      }
    };
    if (const auto* nest = std::get_if<Nest>(&o.action)) {
      in_order(nest->stores);
    } else if (const auto* gemm = std::get_if<Gemm>(&o.action)) {
      for (const ir::Expr e : {gemm->a, gemm->b}) use(e->tensor);
      if (gemm->accumulate) use(gemm->c->tensor);
      set_here.push_back(gemm->c->tensor);
      in_order(gemm->epilogue);
    } else {
      for (const Tensor* r : t.read) use(r);
    }
    for (const Tensor* w : t.written) {
      if (!contains(written, whole(w))) written.push_back(whole(w));
    }
  }
}

}  // namespace

std::vector<const Tensor*> live_in(const Operations& operations) {
  std::vector<const Tensor*> out, written;
  Wholes wholes;
  collect_wholes(operations, wholes);
  flow(operations, out, written, wholes);
  return out;
}

}  // namespace freefall::loop

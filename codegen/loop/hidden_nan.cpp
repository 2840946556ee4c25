#include "codegen/loop/hidden_nan.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "codegen/plan/specialisation.hpp"

namespace freefall::loop {
namespace {

using namespace ir;

// `to` is made of elements of `from`.
struct Use {
  const Tensor* from;
  const Tensor* to;  // null: a loop asks for it
  bool carries;      // a NaN of it may become one of `to`
  bool hidden;       // or may be lost on the way
  bool index;        // it is an index
  bool whole;        // in every run of the body each NaN of `from` makes one of `to`
  std::size_t at;
  const Operations* body;
};
// Something is written to the target.
struct Write {
  const Tensor* target;
  bool keeps;     // a NaN that is there stays there
  bool repeated;  // and an element may be written more than once
  std::size_t at;
  const Operations* body;
};

// Each element of `to` is made of that of `from` at its place.
struct Copy {
  const Tensor *from, *to;
  std::size_t at;
  const Operations* body;
};

// What stands around an operation.
struct Around {
  const Operations* body = nullptr;
  bool conditional = false, repeated = false;
  std::vector<Index> ticks;
};

// The nodes from which a NaN comes to the root: perhaps (`carried`) or in every case (`whole`); those below
// something that drops it (`hidden`), and those that an index is made of.
struct Paths {
  std::set<const Node*> carried, whole, hidden, index;
};

bool chooses(Expr factor) {
  return factor->op == Op::Delta || factor->op == Op::Range ||
         (factor->op == Op::Map &&
          (factor->function == Function::equal || factor->function == Function::less));
}

Paths paths(Expr root) {
  Paths out;
  const auto mark = [](std::set<const Node*>& into, Expr e) {
    for (const Expr n : topological({e})) into.insert(n.get());
  };
  auto nodes = topological({root});
  std::reverse(nodes.begin(), nodes.end());  // what reads a node comes before it
  out.carried.insert(root.get());
  out.whole.insert(root.get());
  for (const Expr e : nodes) {
    const bool product_of_choices =
        e->op == Op::Product && std::any_of(e->args.begin(), e->args.end(), chooses);
    for (std::size_t i = 0; i < e->args.size(); ++i) {
      const Expr a = e->args[i];
      const bool kept = e->op == Op::Sum || e->op == Op::Product ||
                        (e->op == Op::Map && !drops_nan(e->function)) || (e->op == Op::Select && i > 0);
      if (e->op == Op::Gather) {
        mark(out.index, a);
      } else if (!kept) {
        mark(out.hidden, a);
      } else {
        if (out.carried.contains(e.get())) out.carried.insert(a.get());
        if (e->op != Op::Select && !product_of_choices && out.whole.contains(e.get()))
          out.whole.insert(a.get());
      }
    }
  }
  return out;
}

// Every element of the array, once.
bool is_all(const std::vector<Subscript>& subscripts) {
  for (auto s = subscripts.begin(); s != subscripts.end(); ++s) {
    if (!s->is_plain() || calculus::is_tick(s->plain()) || std::find(subscripts.begin(), s, *s) != s)
      return false;
  }
  return true;
}

class Flows {
 public:
  explicit Flows(const Operations& operations) { walk(operations, {}); }

  bool hides(const Tensor* given) {
    given_ = given;
    const auto shown = shown_at_the_end();
    // A NaN goes on to what is made of it; what shows it needs no further look but as an index.
    const auto meets = [&](bool Use::* fault, const std::set<const Tensor*>& ends) {
      std::vector<const Tensor*> reached = {given};
      for (std::size_t k = 0; k < reached.size(); ++k) {
        if (ends.contains(reached[k])) continue;
        for (const Use& u : uses_) {
          if (u.from != reached[k]) continue;
          if (u.*fault) return true;
          if (u.carries && std::find(reached.begin(), reached.end(), u.to) == reached.end())
            reached.push_back(u.to);
        }
      }
      return false;
    };
    return meets(&Use::index, {}) || meets(&Use::hidden, shown);
  }

 private:
  // ---- what flows where ----

  void walk(const Operations& operations, const Around& outside) {
    Around around = outside;
    around.body = &operations;
    for (const Operation& o : operations)
      std::visit([&](const auto& action) { add(action, around); }, o.action);
  }
  void asks(const Tensor* t, const Around& around) {
    if (t != nullptr) uses_.push_back({t, nullptr, false, true, false, false, at_, around.body});
  }
  void add(const Repeat& repeat, const Around& around) {
    Around inside = around;
    inside.conditional = around.conditional || repeat.while_positive != nullptr || repeat.count == 0;
    inside.repeated = around.repeated || repeat.count > 1;
    asks(repeat.while_positive, around);
    walk(repeat.body, inside);
    if (repeat.tolerance) asks(repeat.moved, around);
  }
  void add(const Sweep& sweep, const Around& around) {
    Around inside = around;
    inside.repeated = around.repeated || sweep.elements != nullptr;
    inside.ticks.push_back(sweep.tick);
    asks(sweep.elements, around);
    walk(sweep.body, inside);
  }
  void add(const Slices& slices, const Around& around) { walk(slices.body, around); }
  void add(const Transfer& t, const Around& around) {
    const bool in = t.direction == Transfer::Direction::to_lanes;
    const Tensor* const from = in ? t.whole : t.lanes;
    const Tensor* const to = in ? t.lanes : t.whole;
    uses_.push_back({from, to, true, false, false, !around.conditional, ++at_, around.body});
    writes_.push_back({to, false, around.repeated, at_, around.body});
  }
  void add(const Draws& draws, const Around& around) {
    writes_.push_back({draws.result, false, true, ++at_, around.body});
  }
  // A pivot that is NaN is reported; one triangle is read.
  void add(const MatrixFunction& f, const Around& around) {
    ++at_;
    for (const Tensor* t : tensors_of(f.matrix))
      uses_.push_back({t, f.result, true, false, false, false, at_, around.body});
    writes_.push_back({f.result, false, true, at_, around.body});
  }
  void add(const Gemm& gemm, const Around& around) {
    ++at_;
    for (const Expr e : {gemm.a, gemm.b})
      uses_.push_back({e->tensor, gemm.c->tensor, true, false, false,
                       !around.conditional && is_all(e->subscripts), at_, around.body});
    writes_.push_back(
        {gemm.c->tensor, gemm.accumulate, is_repeated(gemm.c->subscripts, around), at_, around.body});
    for (const Store& s : gemm.epilogue) add(s, all_indices(gemm), around);
  }
  void add(const Nest& nest, const Around& around) {
    for (const Store& s : nest.stores) add(s, nest.loops, around);
  }

  void add(const Store& s, const std::vector<Index>& loops, const Around& around) {
    ++at_;
    // The lanes of a maximum over the copies of a plate come together by a comparison.
    const bool compares =
        s.mode == Store::Mode::maximum && std::any_of(loops.begin(), loops.end(), [&](const Index& i) {
          return plan::is_counted(i.axis) &&
                 std::find(s.subscripts.begin(), s.subscripts.end(), Subscript(i)) == s.subscripts.end();
        });
    bool keeps = s.mode != Store::Mode::set && !compares;
    const Paths p = paths(s.value);
    for (const Expr e : topological({s.value})) {
      if (e->tensor == nullptr) continue;
      const bool whole = e->op == Op::Access && p.whole.contains(e.get()) && !compares;
      const bool own = whole && e->subscripts == s.subscripts;
      keeps = keeps || (own && (e->tensor == s.target || holds(e->tensor, s.target, around)));
      if (own && is_all(s.subscripts)) copies_.push_back({e->tensor, s.target, at_, around.body});
      uses_.push_back({e->tensor, s.target, p.carried.contains(e.get()),
                       compares || (p.hidden.contains(e.get()) && !whole), p.index.contains(e.get()),
                       whole && !around.conditional && is_all(e->subscripts), at_, around.body});
    }
    writes_.push_back({s.target, keeps, is_repeated(s.subscripts, around), at_, around.body});
  }
  // Each element of `copy` was made just now of that of t at its place, so that it is NaN where t is.
  bool holds(const Tensor* copy, const Tensor* t, const Around& around) const {
    return std::any_of(copies_.begin(), copies_.end(), [&](const Copy& c) {
      return c.from == t && c.to == copy && c.body == around.body &&
             std::none_of(writes_.begin(), writes_.end(), [&](const Write& w) {
               return w.at >= c.at && (w.target == t || (w.target == copy && w.at > c.at));
             });
    });
  }
  static bool is_repeated(const std::vector<Subscript>& subscripts, const Around& around) {
    return around.repeated || std::any_of(around.ticks.begin(), around.ticks.end(), [&](const Index& tick) {
             return std::find(subscripts.begin(), subscripts.end(), Subscript(tick)) == subscripts.end();
           });
  }

  // ---- what is seen at the end ----

  // A NaN that comes to be in t stays there from then on: at most one write does not keep it, the first.
  bool stays(const Tensor* t) const {
    bool first = t != given_;
    for (const Write& w : writes_) {
      if (w.target != t) continue;
      if (!w.keeps && (!first || w.repeated)) return false;
      first = false;
    }
    return true;
  }
  // Arrays of which a NaN at any time makes one in a result.
  std::set<const Tensor*> shown_at_the_end() const {
    std::set<const Tensor*> out;
    for (const Write& w : writes_) {
      if (w.target->role != Role::temporary && stays(w.target)) out.insert(w.target);
    }
    for (bool grows = true; grows;) {
      grows = false;
      for (const Use& u : uses_) {
        if (!u.whole || out.contains(u.from) || !out.contains(u.to) || !is_complete(u.from, u)) continue;
        out.insert(u.from);
        grows = true;
      }
    }
    return out;
  }
  // All that is written to t is there when it is used so, and nothing has gone since.
  bool is_complete(const Tensor* t, const Use& use) const {
    bool first = t != given_;
    for (const Write& w : writes_) {
      if (w.target != t) continue;
      if (t == given_ || w.body != use.body || w.at >= use.at || (!w.keeps && !first)) return false;
      first = false;
    }
    return true;
  }

  std::vector<Use> uses_;
  std::vector<Write> writes_;
  std::vector<Copy> copies_;
  std::size_t at_ = 0;
  const Tensor* given_ = nullptr;
};

}  // namespace

// NaN to the power of zero is one, and the order of polygamma is an index.
bool drops_nan(Function function) {
  constexpr Function drop[] = {Function::less, Function::equal, Function::pow, Function::polygamma};
  return std::find(std::begin(drop), std::end(drop), function) != std::end(drop);
}

bool hides_nan(const Operations& operations, const Tensor* given) { return Flows(operations).hides(given); }

}  // namespace freefall::loop

#include "codegen/plan/eliminate_states.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "codegen/plan/generic_form.hpp"

namespace freefall::plan {
namespace {

using namespace ir;
using calculus::Assign;
using calculus::Assignment;
using calculus::Loop;
using calculus::Step;
using calculus::Steps;

bool contains(const std::vector<const Tensor*>& list, const Tensor* t) {
  return std::find(list.begin(), list.end(), t) != list.end();
}

template <class F>
void each_assignment(const Steps& steps, const F& f) {
  for (const Step& step : steps) {
    if (const Steps* body = calculus::body_of(step)) {
      each_assignment(*body, f);
    } else {
      for (const Assignment& a : std::get<Assign>(step.action).simultaneous) f(a);
    }
  }
}
template <class F>
void rewrite_assignments(Steps& steps, const F& f) {
  for (Step& step : steps) {
    if (Steps* body = calculus::body_of(step)) {
      rewrite_assignments(*body, f);
    } else {
      for (Assignment& a : std::get<Assign>(step.action).simultaneous) f(a);
    }
  }
}

// What changes in a loop.
class Changes {
 public:
  explicit Changes(const Loop& loop) : assigned_(calculus::assigned(loop.body)) { find_ticks(loop.body); }

  bool is_invariant(Expr e) const {
    const auto reads = tensors_of(e);
    const auto nodes = topological({e});
    return std::none_of(reads.begin(), reads.end(),
                        [&](const Tensor* t) { return contains(assigned_, t); }) &&
           std::none_of(nodes.begin(), nodes.end(), [](Expr n) { return n->op == Op::Draw; }) &&
           std::none_of(ticks_.begin(), ticks_.end(), [&](const Index& i) { return e->depends_on(i); });
  }
  const std::vector<const Tensor*>& assigned() const { return assigned_; }
  // The tick of a sweep inside the loop.
  bool is_inside(const Index& tick) const {
    return std::find(ticks_.begin(), ticks_.end(), tick) != ticks_.end();
  }

 private:
  void find_ticks(const Steps& steps) {
    for (const Step& step : steps) {
      if (const auto* sweep = std::get_if<calculus::Sweep>(&step.action))
        ticks_.insert(ticks_.end(), {calculus::tick_of(sweep->axis), calculus::visit_of(sweep->axis)});
      if (const Steps* body = calculus::body_of(step)) find_ticks(*body);
    }
  }

  std::vector<const Tensor*> assigned_;
  std::vector<Index> ticks_;
};

// Operations of a pass on what changes in it. What does not is computed before the loop, the members of a sum
// or product together; equal values at other indices are computed once.
class PassWork {
 public:
  PassWork(const Changes& changes, const Specialisation& sizes) : changes_(changes), sizes_(sizes) {}

  double of(const Steps& steps) {
    double out = 0;
    for (const Step& step : steps) {
      if (const auto* loop = std::get_if<Loop>(&step.action)) {
        out += static_cast<double>(loop->count) * of(loop->body);
      } else if (const auto* sweep = std::get_if<calculus::Sweep>(&step.action)) {
        out += static_cast<double>(sizes_.extent(sweep->axis)) * of(sweep->body);
      } else {
        for (const Assignment& a : std::get<Assign>(step.action).simultaneous) out += of(a.value);
      }
    }
    return out;
  }

 private:
  double of(Expr value) {
    double out = 0;
    for (const Expr e : topological({value})) {
      if (e->args.empty() || changes_.is_invariant(e) || !counted_.insert(generic_form(e).key.get()).second)
        continue;
      const auto fixed =
          std::count_if(e->args.begin(), e->args.end(), [&](Expr a) { return changes_.is_invariant(a); });
      double each =
          static_cast<double>(e->args.size() - static_cast<std::size_t>(fixed)) + (fixed > 0 ? 1 : 0);
      if (e->op == Op::Map) each += row(e->function).cost;
      out += each * elements(e->bound.empty() ? e : e->args[0]);
    }
    return out;
  }
  double elements(Expr e) const {
    double out = 1;
    for (const Index& i : e->free) {
      if (!calculus::is_tick(i)) out *= static_cast<double>(sizes_.extent(i.axis));
    }
    return out;
  }

  const Changes& changes_;
  const Specialisation& sizes_;
  std::set<const Node*> counted_;  // looked up only
};

// A state of a loop: the array, or its elements at the tick of a sweep around the loop.
struct State {
  const Tensor* array = nullptr;
  const Axis* tick = nullptr;  // null: all elements
  std::vector<Index> own;      // of its elements

  enum class Place { inside, other, unknown };
  Place place(Expr access) const {
    if (tick == nullptr) return Place::inside;
    for (std::size_t p = 0; p < own.size(); ++p) {
      if (!calculus::is_tick(own[p])) continue;
      Subscript apart = access->subscripts[p];
      apart.add(Subscript(own[p]), -1);
      if (!apart.terms.empty()) return Place::unknown;
      return apart.offset == 0 ? Place::inside : Place::other;
    }
    return Place::inside;
  }
};

std::optional<State> state_of(const Tensor* array, const Loop& loop, const Changes& changes) {
  State out{array, nullptr, canonical_indices(array)};
  bool all = false;
  each_assignment(loop.body, [&](const Assignment& a) {
    if (a.target != array) return;
    if (a.tick == nullptr || changes.is_inside(calculus::tick_of(a.tick))) {
      all = true;
    } else {
      out.tick = a.tick;
      out.own = calculus::target_indices(a);
    }
  });
  const auto times = std::count(array->axes.begin(), array->axes.end(), out.tick);
  if (out.tick != nullptr && (all || times != 1)) return {};
  return out;
}

// With others in place of the elements of the state; what takes their place may read them. Null where a sum,
// or another node that binds indices, would have deeper ones inside: it may then capture those of a node
// around it, whose labels stand open while this goes from the leaves up.
template <class F>
Expr with_state(Expr root, const State& state, const F& other) {
  std::unordered_map<const Node*, Expr> done;
  for (const Expr e : topological({root})) {
    if (e->op == Op::Access && e->tensor == state.array && state.place(e) == State::Place::inside) {
      done[e.get()] = other(e);
      continue;
    }
    std::vector<Expr> args;
    for (const Expr a : e->args) {
      args.push_back(done.at(a.get()));
      if (!e->bound.empty() && args.back()->binding_height > a->binding_height) return {};
    }
    done[e.get()] = args == e->args ? e : rebuild(e, args);
  }
  return done.at(root.get());
}

// True if the element is read where it may lie outside its array, and nothing around says that it does not.
bool may_leave(Expr root, Expr access) {
  std::vector<Expr> inside;
  for (std::size_t p = 0; p < access->subscripts.size(); ++p) {
    const Subscript& s = access->subscripts[p];
    const Axis* axis = access->tensor->axes[p];
    if (s.is_plain() && s.plain().axis == axis) continue;
    inside.push_back(make_range(*access->context, axis, s));
  }
  return std::any_of(inside.begin(), inside.end(), [&](Expr range) {
    std::set<const Node*> seen;  // looked up only
    std::vector<Expr> open{root};
    while (!open.empty()) {
      const Expr e = open.back();
      open.pop_back();
      if (e == access) return true;
      const bool known =
          e->op == Op::Product && std::find(e->args.begin(), e->args.end(), range) != e->args.end();
      if (known || !seen.insert(e.get()).second) continue;
      open.insert(open.end(), e->args.begin(), e->args.end());
    }
    return false;
  });
}

// Every m, over the elements of the state, that stands in a sum with it somewhere in the loop: alone, with
// either sign or so that the two would cancel, and together with the others that do not change.
std::vector<Expr> candidates(const Loop& loop, const State& state, const Changes& changes) {
  std::vector<Expr> out;
  const auto search = [&](Expr sum, std::size_t x) {
    Context& context = *sum->context;
    const Expr access = sum->args[x];
    Substitution own;
    std::vector<Index> indices;
    for (std::size_t p = 0; p < state.own.size(); ++p) {
      const Subscript& s = access->subscripts[p];
      if (!s.is_plain() || std::find(indices.begin(), indices.end(), s.plain()) != indices.end()) return;
      indices.push_back(s.plain());
      if (!(s.plain() == state.own[p])) own.emplace_back(s.plain(), Subscript(state.own[p]));
    }
    const auto offer = [&](const std::vector<Expr>& terms, const std::vector<Number>& weights,
                           const Number& constant = 0) {
      const Expr candidate = substitute(make_sum(context, terms, weights, constant), own);
      if (candidate->op != Op::Constant && std::find(out.begin(), out.end(), candidate) == out.end())
        out.push_back(candidate);
    };
    const Number scale = -power(sum->weights[x], -1);
    std::vector<Expr> fixed;
    std::vector<Number> weights;
    for (std::size_t k = 0; k < sum->args.size(); ++k) {
      const Expr a = sum->args[k];
      const bool fits =
          changes.is_invariant(a) && std::all_of(a->free.begin(), a->free.end(), [&](const Index& i) {
            return calculus::is_tick(i) || std::find(indices.begin(), indices.end(), i) != indices.end();
          });
      if (!fits) continue;
      fixed.push_back(a);
      weights.push_back(sum->weights[k] * scale);
      offer({a}, {weights.back()});
      for (const int sign : {1, -1}) offer({a}, {sign});
    }
    if (!fixed.empty()) offer(fixed, weights, sum->value * scale);
  };
  each_assignment(loop.body, [&](const Assignment& a) {
    for (const Expr sum : topological({a.value})) {
      for (std::size_t x = 0; sum->op == Op::Sum && x < sum->args.size(); ++x) {
        const Expr e = sum->args[x];
        if (e->op == Op::Access && e->tensor == state.array && state.place(e) == State::Place::inside)
          search(sum, x);
      }
    }
  });
  return out;
}

class Elimination {
 public:
  Elimination(Context& context, const Specialisation& sizes) : context_(context), sizes_(sizes) {}

  Steps run(const Steps& steps) {
    Steps out;
    for (Step step : steps) {
      if (Steps* body = calculus::body_of(step)) *body = run(*body);
      auto* loop = std::get_if<Loop>(&step.action);
      Steps before, after;
      // Of a loop that may make no pass, the state would come out rounded.
      if (loop != nullptr && loop->count > 1 && loop->while_positive == nullptr) {
        for (const Tensor* x : calculus::assigned(loop->body)) eliminate(*loop, x, before, after);
      }
      out.insert(out.end(), before.begin(), before.end());
      out.push_back(std::move(step));
      out.insert(out.end(), after.begin(), after.end());
    }
    return out;
  }

 private:
  void eliminate(Loop& loop, const Tensor* x, Steps& before, Steps& after) {
    const Changes changes(loop);
    const std::optional<State> state = state_of(x, loop, changes);
    const bool watched = contains(loop.watched, x);
    if (!state || x->role == Role::temporary || (watched && state->tick != nullptr)) return;
    const std::vector<Expr> all = candidates(loop, *state, changes);
    if (all.empty()) return;

    const auto can_be_error = [&](const Assignment& a) {
      for (const Expr e : topological({a.value})) {
        if (e->tensor != x) continue;
        if (e->op != Op::Access || state->place(e) == State::Place::unknown) return false;
        if (state->place(e) == State::Place::inside && may_leave(a.value, e)) return false;
      }
      return true;
    };
    bool possible = true;
    each_assignment(loop.body, [&](const Assignment& a) { possible = possible && can_be_error(a); });
    if (!possible) return;

    // Setting up the errors and the state takes three operations for each element.
    const double most = work_of(loop.body, changes) - 3 * elements(*state) / static_cast<double>(loop.count);
    std::optional<double> least;
    Expr held;
    Steps with_errors;
    for (const Expr m : all) {
      Steps tried = loop.body;
      bool fits = true;
      rewrite_assignments(tried, [&](Assignment& a) {
        const Expr value = on_error(a, *state, m);
        fits = fits && value;
        if (value) a.value = value;
      });
      const double work = fits ? work_of(tried, changes) : most;
      if (work >= least.value_or(most)) continue;
      least = work;
      held = m;
      with_errors = std::move(tried);
    }
    if (least) replace_by_error(loop, *state, held, std::move(with_errors), before, after);
  }

  // The value with x standing for its error; null as with_state.
  static Expr on_error(const Assignment& a, const State& state, Expr m) {
    const auto held_at = [&](const std::vector<Subscript>& s) {
      Substitution there;
      for (std::size_t p = 0; p < s.size(); ++p) {
        if (!(s[p] == Subscript(state.own[p]))) there.emplace_back(state.own[p], s[p]);
      }
      return substitute(m, there);
    };
    const Expr value = with_state(a.value, state, [&](Expr e) { return e + held_at(e->subscripts); });
    if (!value || a.target != state.array) return value;
    const auto own = calculus::target_indices(a);
    return value - held_at(std::vector<Subscript>(own.begin(), own.end()));
  }

  void replace_by_error(Loop& loop, const State& state, Expr m, Steps body, Steps& before, Steps& after) {
    const Tensor* x = state.array;
    std::vector<const Axis*> axes;
    std::vector<std::size_t> kept;  // of the axes of x
    for (std::size_t p = 0; p < x->axes.size(); ++p) {
      if (calculus::is_tick(state.own[p])) continue;
      axes.push_back(x->axes[p]);
      kept.push_back(p);
    }
    const Tensor* error = context_.temporary("error_" + x->name, axes);
    const Tensor* prediction = context_.temporary("prediction_" + x->name, axes);
    const auto of = [&](const Tensor* t, const std::vector<Subscript>& s) {
      std::vector<Subscript> at;
      for (const std::size_t p : kept) at.push_back(s[p]);
      return make_access(context_, t, at);
    };
    rewrite_assignments(body, [&](Assignment& a) {
      a.value = with_state(a.value, state, [&](Expr e) { return of(error, e->subscripts); });
      if (a.target != x) return;
      a.target = error;
      a.label = fmt::format("{}, of its error", a.label);
      if (state.tick != nullptr) a.tick = nullptr;
    });
    loop.body = std::move(body);
    std::replace(loop.watched.begin(), loop.watched.end(), x, error);

    const std::vector<Subscript> own(state.own.begin(), state.own.end());
    const Expr element = make_access(context_, x, own);
    Substitution storage;  // the elements of a temporary are over its own canonical indices
    const auto canonical = canonical_indices(error);
    for (std::size_t k = 0; k < kept.size(); ++k) {
      if (!(canonical[k] == state.own[kept[k]])) storage.emplace_back(state.own[kept[k]], canonical[k]);
    }
    const auto assign = [&](const Tensor* t, Expr value, const Axis* tick, std::string label) {
      return Step{Assign{{{t, value, std::move(label), tick}}}};
    };
    before.push_back(assign(prediction, substitute(m, storage), nullptr,
                            fmt::format("what {} is compared with", x->name)));
    before.push_back(assign(error, substitute(element - of(prediction, own), storage), nullptr,
                            fmt::format("error of {}", x->name)));
    after.push_back(assign(x, of(prediction, own) + of(error, own), state.tick,
                           fmt::format("{} from its error", x->name)));
  }

  double work_of(const Steps& steps, const Changes& changes) const {
    return PassWork(changes, sizes_).of(steps);
  }
  double elements(const State& state) const {
    double out = 1;
    for (const Index& i : state.own) {
      if (!calculus::is_tick(i)) out *= static_cast<double>(sizes_.extent(i.axis));
    }
    return out;
  }

  Context& context_;
  const Specialisation& sizes_;
};

}  // namespace

Steps eliminate_states(const Steps& steps, Context& context, const Specialisation& sizes) {
  return Elimination(context, sizes).run(steps);
}

}  // namespace freefall::plan

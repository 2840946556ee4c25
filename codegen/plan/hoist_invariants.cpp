#include "codegen/plan/hoist_invariants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "codegen/ir/indicator.hpp"
#include "codegen/plan/materialise.hpp"

namespace freefall::plan {
namespace {

using namespace ir;
using calculus::Assign;
using calculus::Assignment;
using calculus::Step;
using calculus::Steps;

class Hoister {
 public:
  using Changes = std::function<bool(const Tensor*)>;

  /// Out of a loop, in which some tensors change.
  Hoister(Changes changes, Temporaries temporaries, std::string hint, std::string why)
      : changes_(std::move(changes)),
        temporaries_(std::move(temporaries)),
        hint_(std::move(hint)),
        why_(std::move(why)) {}
  /// Out of a Sweep over an axis: what leaves it is computed for all ticks, or all visits.
  void out_of_sweep(const Axis* swept, const Specialisation& sizes) {
    sizes_ = &sizes;
    all_ = {swept, kSweptLevel};
    tick_ = calculus::tick_of(swept);
    visit_ = calculus::visit_of(swept);
  }

  Steps rewrite(const Steps& body) {
    Steps out;
    for (const Step& step : body) {
      if (calculus::body_of(step) != nullptr) {
        Step copy = step;
        const int outside = loops_inside_;
        if (std::holds_alternative<calculus::Loop>(step.action)) ++loops_inside_;
        if (const auto* sweep = std::get_if<calculus::Sweep>(&step.action))
          inside_.insert(inside_.end(), {calculus::tick_of(sweep->axis), calculus::visit_of(sweep->axis)});
        *calculus::body_of(copy) = rewrite(*calculus::body_of(step));
        loops_inside_ = outside;
        out.push_back(copy);
      } else {
        Assign assign = std::get<Assign>(step.action);
        for (Assignment& a : assign.simultaneous) a.value = hoist(a.value);
        out.push_back({assign});
      }
    }
    return out;
  }

  const Steps& before() const { return before_; }

 private:
  bool is_invariant(Expr e) {
    if (const auto at = invariant_.find(e.get()); at != invariant_.end()) return at->second;
    const auto reads = tensors_of(e);
    const auto nodes = topological({e});
    const bool draws = std::any_of(nodes.begin(), nodes.end(), [](Expr n) { return n->op == Op::Draw; });
    const bool ticks =
        std::any_of(inside_.begin(), inside_.end(), [&](const Index& i) { return e->depends_on(i); });
    const bool both = all_.axis != nullptr && e->depends_on(tick_) && e->depends_on(visit_);
    const bool renewed = draws && (all_.axis == nullptr || loops_inside_ > 0);  // in every pass of a loop
    return invariant_[e.get()] =
               !renewed && !both && !ticks && std::none_of(reads.begin(), reads.end(), changes_);
  }

  Expr hoisted(Expr inside) {
    const Expr e = all_.axis == nullptr
                       ? inside
                       : substitute(inside, {{tick_, Subscript(all_)}, {visit_, Subscript(all_)}});
    const GenericForm form = generic_form(e);
    const Tensor* held = temporaries_.find(form);
    if (held == nullptr) {
      if (e->op == Op::Draw) {
        std::vector<Index> numbered;  // draws stand in the order of their numbers
        for (const Subscript& s : e->subscripts) numbered.push_back(s.plain());
        held = temporaries_.make_in_order(form, numbered, "uniform");
      } else {
        held = temporaries_.make_in_order(form, visited_first(e), hint_);
      }
      Substitution storage;  // the key over the temporary's own canonical indices
      const auto own = canonical_indices(held);
      for (std::size_t p = 0; p < own.size(); ++p) {
        if (!(temporaries_.order(held)[p] == own[p]))
          storage.emplace_back(temporaries_.order(held)[p], own[p]);
      }
      before_.push_back(
          {Assign{{{held, substitute(form.key, storage), fmt::format("{}: {}", held->name, why_)}}}});
    }
    const Expr read = temporaries_.read(held, form);
    if (all_.axis == nullptr) return read;
    return substitute(read, {{all_, Subscript(inside->depends_on(visit_) ? visit_ : tick_)}});
  }

  // Plates first; then the axis of a Sweep, so that what one visit reads lies in one piece.
  std::vector<Index> visited_first(Expr e) const {
    std::vector<Index> order = e->free;
    std::erase_if(order, calculus::is_tick);
    std::stable_sort(order.begin(), order.end(), [&](const Index& a, const Index& b) {
      return std::pair(!a.axis->plate, a != all_) < std::pair(!b.axis->plate, b != all_);
    });
    return order;
  }

  bool worth(Expr e) { return is_invariant(e) && (is_worth_a_buffer(e) || is_sum_of_matrices(e)); }

  // What differs from visit to visit is worked out as often outside: only as a product does it gain by that,
  // and sums of few terms are no product.
  bool is_worth_a_buffer(Expr e) const {
    if (all_.axis == nullptr || !(e->depends_on(tick_) || e->depends_on(visit_))) return is_expensive(e);
    const auto nodes = topological({e});
    return std::any_of(nodes.begin(), nodes.end(), [&](Expr n) {
      return is_expensive_itself(n) && !(n->op == Op::Contract && has_few_terms(n, *sizes_));
    });
  }

  // Stands as a factor of a product in most cases, which needs it as one array.
  static bool is_sum_of_matrices(Expr e) {
    const auto own =
        std::count_if(e->free.begin(), e->free.end(), [](const Index& i) { return !calculus::is_tick(i); });
    return e->op == Op::Sum && e->args.size() > 1 && own > 1 &&
           std::none_of(e->free.begin(), e->free.end(), [](const Index& i) { return i.axis->plate; });
  }

  // Takes the invariant members of a sum or product that fit into the index set of the largest worthwhile
  // one.
  Expr hoist_members(Expr e, std::vector<Expr>& args) {
    const Expr* largest = nullptr;
    for (const Expr& a : e->args) {
      if (worth(a) && (largest == nullptr || a->free.size() > (*largest)->free.size())) largest = &a;
    }
    if (largest == nullptr) return rebuild(e, args);
    const auto fits = [&](Expr a) {
      return is_invariant(a) &&
             std::includes((*largest)->free.begin(), (*largest)->free.end(), a->free.begin(), a->free.end());
    };
    std::vector<Expr> group, rest;
    std::vector<Number> group_weights, rest_weights;
    for (std::size_t i = 0; i < e->args.size(); ++i) {
      const bool in = fits(e->args[i]);
      (in ? group : rest).push_back(in ? e->args[i] : args[i]);
      (in ? group_weights : rest_weights).push_back(e->weights[i]);
    }
    Context& context = *e->context;
    if (group.size() == 1) {  // one member keeps its weight where it stands, so that its value may be shared
      rest.push_back(hoisted(group[0]));
      rest_weights.push_back(group_weights[0]);
      return e->op == Op::Sum ? make_sum(context, rest, rest_weights, e->value)
                              : make_product(context, rest, rest_weights);
    }
    if (e->op == Op::Sum) {
      rest.push_back(hoisted(make_sum(context, group, group_weights, e->value)));
      rest_weights.push_back(1);
      return make_sum(context, rest, rest_weights);
    }
    const Expr invariant = hoisted(make_product(context, group, group_weights));
    if (needs_indicator(make_product(context, rest, rest_weights))) {  // a factor, or a division by one
      for (const Expr member : group) {
        if (!is_indicator(member)) continue;
        rest.push_back(member);
        rest_weights.push_back(1);
      }
    }
    rest.push_back(invariant);
    rest_weights.push_back(1);
    return make_product(context, rest, rest_weights);
  }

  // One group of members after the other, until none is worth it.
  Expr hoist_all_members(Expr e, std::vector<Expr> args) {
    for (Expr out = hoist_members(e, args);; out = hoist_members(e, args)) {
      if (out == e || (out->op != Op::Sum && out->op != Op::Product)) return out;
      e = out;
      args = out->args;
    }
  }

  Expr hoist(Expr root) {
    if (worth(root)) return hoisted(root);
    std::unordered_map<const Node*, Expr> done;
    for (const Expr e : topological({root})) {
      if (is_invariant(e)) {
        done[e.get()] = e;  // replaced, if worthwhile, where a changing expression uses it
        continue;
      }
      std::vector<Expr> args;
      const bool grouped = e->op == Op::Sum || e->op == Op::Product;
      for (const Expr a : e->args) args.push_back(!grouped && worth(a) ? hoisted(a) : done.at(a.get()));
      done[e.get()] = grouped ? hoist_all_members(e, args) : rebuild(e, args);
    }
    return done.at(root.get());
  }

  static constexpr int kSweptLevel = 6000;  // of an index no user and no other pass writes
  Index all_, tick_, visit_;                // of a Sweep; without an axis for a Loop
  std::vector<Index> inside_;               // ticks and visits of the sweeps inside
  const Specialisation* sizes_ = nullptr;
  int loops_inside_ = 0;
  Changes changes_;
  Temporaries temporaries_;
  std::string hint_, why_;  // name of what is hoisted, and the reason in its label
  Steps before_;
  std::unordered_map<const Node*, bool> invariant_;
};

}  // namespace

Steps hoist_invariants(const Steps& steps, Context& context, const Specialisation& sizes) {
  Steps out;
  for (const Step& step : steps) {
    const auto* loop = std::get_if<calculus::Loop>(&step.action);
    // A block that runs at most once saves nothing, and often does not run.
    const bool at_most_once = loop != nullptr && loop->while_positive != nullptr && loop->count == 1;
    if (calculus::body_of(step) == nullptr || at_most_once) {
      out.push_back(step);
      continue;
    }
    Step copy = step;
    Steps& body = *calculus::body_of(copy);
    body = hoist_invariants(body, context,
                            sizes);  // inner loops first; then what they hoisted may leave this one
    const auto* sweep = std::get_if<calculus::Sweep>(&step.action);
    const auto changing = calculus::assigned(body);
    Hoister hoister(
        [&](const Tensor* t) { return std::find(changing.begin(), changing.end(), t) != changing.end(); },
        Temporaries(context), "fixed", "does not change in the loop");
    if (sweep != nullptr) hoister.out_of_sweep(sweep->axis, sizes);
    body = hoister.rewrite(body);
    out.insert(out.end(), hoister.before().begin(), hoister.before().end());
    out.push_back({copy});
  }
  return out;
}

Steps hoist_constants(std::vector<calculus::Procedure>& procedures, Context& context) {
  const auto changes = [](const Tensor* t) { return t->role != Role::constant && t->role != Role::prepared; };
  Hoister hoister(changes, Temporaries(context, Role::prepared), "prepared", "depends on constants alone");
  for (calculus::Procedure& p : procedures) p.steps = hoister.rewrite(p.steps);
  return hoister.before();
}

}  // namespace freefall::plan

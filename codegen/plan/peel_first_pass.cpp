#include "codegen/plan/peel_first_pass.hpp"

#include <algorithm>
#include <unordered_map>

#include "codegen/plan/materialise.hpp"
#include "codegen/plan/work.hpp"

namespace freefall::plan {
namespace {

using namespace ir;
using calculus::Assign;
using calculus::Assignment;
using calculus::Step;
using calculus::Steps;

bool reads(Expr e, const Tensor* t) {
  const auto all = tensors_of(e);
  return std::find(all.begin(), all.end(), t) != all.end();
}

bool draws(const Steps& steps) {
  return std::any_of(steps.begin(), steps.end(), [](const Step& step) {
    const auto* sweep = std::get_if<calculus::Sweep>(&step.action);
    if (sweep != nullptr && is_drawn(sweep->order)) return true;
    if (const Steps* body = calculus::body_of(step)) return draws(*body);
    const auto& group = std::get<Assign>(step.action).simultaneous;
    return std::any_of(group.begin(), group.end(), [](const Assignment& a) {
      const auto nodes = topological({a.value});
      return std::any_of(nodes.begin(), nodes.end(), [](Expr e) { return e->op == Op::Draw; });
    });
  });
}

// What tensors hold, over their canonical indices.
class Knowledge {
 public:
  // The value with known constants and copies put in, still in sequential form: a copy of the target that is
  // read elsewhere than at the element stored stays a copy.
  Expr simplify(const Assignment& a) const {
    const Expr simple = put_in(a.value);
    const bool pointwise = is_pointwise(simple);
    const Expr own = calculus::target_element(a);
    const auto nodes = topological({simple});
    const bool in_place = std::all_of(
        nodes.begin(), nodes.end(), [&](Expr e) { return e->tensor != a.target || (pointwise && e == own); });
    return in_place && (pointwise || is_matrix_product(simple)) ? simple : a.value;
  }

  bool holds(const Assignment& a) const {
    const auto at = holds_.find(a.target);
    return a.tick == nullptr &&
           (a.value == calculus::target_element(a) || (at != holds_.end() && at->second == a.value));
  }
  void learn(const Assignment& a) {
    forget(a.target);
    if (a.tick == nullptr && !reads(a.value, a.target)) holds_[a.target] = a.value;
  }

  void forget(const Tensor* changed) {
    std::erase_if(holds_,
                  [&](const auto& entry) { return entry.first == changed || reads(entry.second, changed); });
  }

 private:
  Expr put_in(Expr value) const {
    return transform(value, [&](Expr e) {
      const auto at = e->op == Op::Access ? holds_.find(e->tensor) : holds_.end();
      // Outside its array an element reads zero, whatever the array holds.
      if (at == holds_.end() || !is_light(at->second) || !is_access(e)) return e;
      Substitution own;
      const auto indices = canonical_indices(e->tensor);
      for (std::size_t p = 0; p < indices.size(); ++p) own.emplace_back(indices[p], e->subscripts[p]);
      return substitute(at->second, own);
    });
  }

  static bool is_matrix_product(Expr e) {
    return e->op == Op::Contract && e->args[0]->op == Op::Product && e->args[0]->args.size() == 2 &&
           std::all_of(e->args[0]->args.begin(), e->args[0]->args.end(), is_access);
  }
  static bool is_access(Expr e) {
    return e->op == Op::Access && std::all_of(e->subscripts.begin(), e->subscripts.end(),
                                              [](const Subscript& s) { return s.is_plain(); });
  }
  // A number, or a tensor up to sign.
  static bool is_light(Expr e) {
    return e->op == Op::Constant || is_access(e) ||
           (e->op == Op::Sum && e->args.size() == 1 && e->value.is_zero() && is_access(e->args[0]));
  }

  std::unordered_map<const Tensor*, Expr> holds_;  // looked up only
};

class Peeler {
 public:
  explicit Peeler(const Specialisation& sizes) : sizes_(sizes) {}

  Steps run(const Steps& steps, Knowledge& known) const {
    Steps out;
    for (const Step& step : steps) {
      const Steps* inside = calculus::body_of(step);
      if (inside == nullptr) {
        Assign group = std::get<Assign>(step.action);
        for (Assignment& a : group.simultaneous) a.value = known.simplify(a);
        for (const Assignment& a : group.simultaneous) known.learn(a);
        out.push_back({group});
        continue;
      }
      Step copy = step;
      auto* loop = std::get_if<calculus::Loop>(&copy.action);
      if (loop != nullptr && !loop->tolerance && loop->while_positive == nullptr && !draws(*inside)) {
        while (loop->count > 1) {
          Knowledge after = known;
          const Steps first = first_pass(*inside, after);
          if (work(first, sizes_) > 0.9 * work(*inside, sizes_)) break;
          out.insert(out.end(), first.begin(), first.end());
          known = std::move(after);
          --loop->count;
        }
      }
      for (const Tensor* t : calculus::assigned(*inside)) known.forget(t);
      Knowledge within = known;
      *calculus::body_of(copy) = run(*inside, within);
      out.push_back(copy);
    }
    return out;
  }

 private:
  static Steps first_pass(const Steps& body, Knowledge& known) {
    Steps out;
    for (const Step& step : body) {
      if (const Steps* inside = calculus::body_of(step)) {
        for (const Tensor* t : calculus::assigned(*inside)) known.forget(t);
        out.push_back(step);
        continue;
      }
      Assign group = std::get<Assign>(step.action);
      for (Assignment& a : group.simultaneous) a.value = known.simplify(a);
      std::erase_if(group.simultaneous, [&](const Assignment& a) { return known.holds(a); });
      for (const Assignment& a : group.simultaneous) known.learn(a);
      if (!group.simultaneous.empty()) out.push_back({group});
    }
    return out;
  }

  const Specialisation& sizes_;
};

}  // namespace

Steps peel_first_passes(const Steps& steps, const Specialisation& sizes) {
  Knowledge nothing;
  return Peeler(sizes).run(steps, nothing);
}

}  // namespace freefall::plan

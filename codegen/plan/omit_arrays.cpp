#include "codegen/plan/omit_arrays.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

namespace freefall::plan {
namespace {

using namespace ir;
using calculus::Assign;
using calculus::Assignment;
using calculus::Steps;

// What is known of one array on the way through the steps of a call.
class Flow {
 public:
  explicit Flow(const Tensor* array) : array_(array) {}

  // True if the steps read the array before they have set all of what they read.
  bool reads_early(const Steps& steps) {
    return std::any_of(steps.begin(), steps.end(), [&](const calculus::Step& step) {
      if (const auto* loop = std::get_if<calculus::Loop>(&step.action)) return reads_early(*loop);
      if (const auto* sweep = std::get_if<calculus::Sweep>(&step.action)) return reads_early(*sweep);
      return reads_early(std::get<Assign>(step.action));
    });
  }

 private:
  struct Ticks {
    const calculus::Sweep* sweep;
    bool is_set;  // at the element visited
  };

  bool reads_early(const Assign& group) {
    for (const Assignment& a : group.simultaneous) {
      for (const Expr e : topological({a.value})) {
        if (e->tensor == array_ && !all_set_ && !is_set_at(e)) return true;
      }
    }
    for (const Assignment& a : group.simultaneous) {
      if (a.target != array_) continue;
      all_set_ = all_set_ || a.tick == nullptr;
      for (Ticks& t : ticks_) t.is_set = t.is_set || a.tick == t.sweep->axis;
    }
    return false;
  }

  bool reads_early(const calculus::Loop& loop) {
    const bool watched = std::find(loop.watched.begin(), loop.watched.end(), array_) != loop.watched.end();
    if (!all_set_ && (watched || loop.while_positive == array_)) return true;
    const Flow before = *this;
    const bool early = reads_early(loop.body);
    if (loop.while_positive != nullptr) *this = before;  // there may be no pass
    return early;
  }

  bool reads_early(const calculus::Sweep& sweep) {
    ticks_.push_back({&sweep, false});
    const bool early = reads_early(sweep.body);
    all_set_ = all_set_ || (ticks_.back().is_set && sweep.order != Order::random);  // that may leave some out
    ticks_.pop_back();
    return early;
  }

  // An element that a sweep has set: of this visit, or of a tick before it; outside the axis all is zero.
  bool is_set_at(Expr read) const {
    if (read->op != Op::Access) return false;
    return std::any_of(ticks_.begin(), ticks_.end(), [&](const Ticks& t) {
      const Index tick = calculus::tick_of(t.sweep->axis);
      return std::any_of(read->subscripts.begin(), read->subscripts.end(), [&](const Subscript& s) {
        if (s.terms != Subscript(tick).terms) return false;
        if (s.offset == 0) return t.is_set;
        const Order order = t.sweep->order;
        const bool earlier =
            (order == Order::forwards && s.offset < 0) || (order == Order::backwards && s.offset > 0);
        return earlier && sets_each_tick(*t.sweep);
      });
    });
  }
  bool sets_each_tick(const calculus::Sweep& sweep) const {
    return std::any_of(sweep.body.begin(), sweep.body.end(), [&](const calculus::Step& step) {
      const auto* group = std::get_if<Assign>(&step.action);
      return group != nullptr &&
             std::any_of(group->simultaneous.begin(), group->simultaneous.end(),
                         [&](const Assignment& a) { return a.target == array_ && a.tick == sweep.axis; });
    });
  }

  const Tensor* array_;
  bool all_set_ = false;
  std::vector<Ticks> ticks_;
};

bool contains(const std::vector<const Tensor*>& list, const Tensor* t) {
  return std::find(list.begin(), list.end(), t) != list.end();
}

using Names = std::map<const Tensor*, const Tensor*>;  // looked up only

// The temporary in place of an array. The compilation before this one may have made it.
const Tensor* temporary_for(const Tensor* t, Context& context, const Names& made) {
  for (std::string name = "omitted_" + t->name;; name += "_") {
    const Tensor* found = context.find_tensor(name);
    if (found == nullptr)
      return context.tensor(name, t->axes, Role::temporary, t->zero_diagonal, t->one_of, t->index_of);
    const bool is_taken =
        std::any_of(made.begin(), made.end(), [&](const auto& m) { return m.second == found; });
    if (found->role == Role::temporary && found->axes == t->axes && !is_taken) return found;
  }
}

Steps renamed(const Steps& steps, const Names& names) {
  const auto name = [&](const Tensor* t) {
    const auto at = names.find(t);
    return at == names.end() ? t : at->second;
  };
  Steps out = steps;
  for (calculus::Step& step : out) {
    if (auto* loop = std::get_if<calculus::Loop>(&step.action)) {
      for (const Tensor*& t : loop->watched) t = name(t);
      loop->while_positive = name(loop->while_positive);
    }
    if (Steps* body = calculus::body_of(step)) {
      *body = renamed(*body, names);
      continue;
    }
    for (Assignment& a : std::get<Assign>(step.action).simultaneous) {
      a.target = name(a.target);
      a.value = transform(a.value, [&](Expr e) {
        if (!names.contains(e->tensor)) return e;
        return e->op == Op::Gather ? make_gather(*e->context, name(e->tensor), e->args)
                                   : make_access(*e->context, name(e->tensor), e->subscripts);
      });
    }
  }
  return out;
}

}  // namespace

void check_omitted(const Program& program, const std::vector<calculus::Procedure>& procedures,
                   const std::vector<std::string>& omitted) {
  if (omitted.empty()) return;
  std::vector<std::string> known;
  for (const Tensor& t : program.context->tensors()) {
    const bool is_set = std::any_of(procedures.begin(), procedures.end(),
                                    [&](const auto& p) { return contains(calculus::assigned(p.steps), &t); });
    if (is_set && t.role != Role::temporary) known.push_back(t.name);
  }
  const auto is_omitted = [&](const Tensor* t) {
    return std::find(omitted.begin(), omitted.end(), t->name) != omitted.end();
  };
  for (const std::string& name : omitted) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      const Tensor* t = program.context->find_tensor(name);
      const bool declared = t != nullptr && t->role != Role::temporary && t->role != Role::prepared;
      throw ModelError(fmt::format(
          "OMIT: {}; take it out of the list. What kernels of '{}' set: {}",
          declared ? fmt::format("no kernel sets '{}', so that its values come from outside", name)
                   : fmt::format("there is no array '{}'", name),
          program.name(), fmt::join(known, ", ")));
    }
    for (const auto& p : procedures) {
      if (Flow(program.context->find_tensor(name)).reads_early(p.steps))
        throw ModelError(
            fmt::format("OMIT: kernel '{}' reads '{}' before it has set it, so '{}' carries something from "
                        "one call to the "
                        "next; take it out of the list",
                        p.name, name, name));
    }
  }
  for (const auto& p : procedures) {
    std::vector<std::string> sets;
    bool gives = false;
    for (const Tensor* t : calculus::assigned(p.steps)) {
      if (t->role == Role::temporary) continue;
      gives = gives || !is_omitted(t);
      sets.push_back(t->name);
    }
    if (!gives && !sets.empty())
      throw ModelError(
          fmt::format("OMIT: kernel '{}' would give out nothing, expected one array of those it sets: {}; "
                      "take that out of the list, or the kernel out of the program",
                      p.name, fmt::join(sets, ", ")));
  }
}

Steps omit_arrays(const Steps& steps, Context& context, const std::vector<std::string>& omitted) {
  Names names;
  for (const std::string& name : omitted) {
    const Tensor* t = context.find_tensor(name);
    if (!names.contains(t)) names.emplace(t, temporary_for(t, context, names));
  }
  return names.empty() ? steps : renamed(steps, names);
}

}  // namespace freefall::plan

#include "codegen/elaborate/dependency_order.hpp"

#include <algorithm>

#include "codegen/elaborate/density.hpp"

namespace freefall::elaborate {
namespace {

using namespace ir;

using Factors = std::vector<const Factor*>;

// True if the element read lies before the element computed, along the axis.
bool is_earlier(Expr read, const Axis* axis) {
  const Subscript now(Index{axis, 0});
  return std::any_of(read->subscripts.begin(), read->subscripts.end(), [&](const Subscript& s) {
    return axis != nullptr && s.terms == now.terms && s.offset < 0;
  });
}

// True if an argument of f reads one of the variables, not counting elements that lie before along the axis
// nor, in an energy, the variable that the energy is of.
bool reads(const Factor& f, const Factors& variables, const Axis* axis) {
  const DensityRow* row = find_density(f.density);
  const bool unnormalised = row != nullptr && row->unnormalised;
  for (const auto& [name, argument] : f.arguments) {
    for (const Expr e : topological({argument})) {
      if (e->tensor == nullptr || is_earlier(e, axis)) continue;
      if (unnormalised && e->tensor == f.variable) continue;
      if (std::any_of(variables.begin(), variables.end(),
                      [&](const Factor* v) { return v->variable == e->tensor; }))
        return true;
    }
  }
  return false;
}

// Moves factors that read none of the waiting ones to the end of `done`, one by one.
void take_free(Factors& waiting, const Axis* axis, Factors& done) {
  for (;;) {
    const auto next = std::find_if(waiting.begin(), waiting.end(),
                                   [&](const Factor* f) { return !reads(*f, waiting, axis); });
    if (next == waiting.end()) return;
    done.push_back(*next);
    waiting.erase(next);
  }
}

// Leaves the members that read none of the others, at any tick.
void keep_closed(Factors& members, const Factors& all) {
  for (bool changed = true; changed;) {
    Factors others;
    for (const Factor* f : all) {
      if (std::find(members.begin(), members.end(), f) == members.end()) others.push_back(f);
    }
    changed = std::erase_if(members, [&](const Factor* f) { return reads(*f, others, nullptr); }) > 0;
  }
}

// The axis along which the factors read earlier elements of each other, or null.
const Axis* time_axis(const Factors& factors) {
  for (const Factor* f : factors) {
    for (const auto& [name, argument] : f->arguments) {
      for (const Expr e : topological({argument})) {
        if (e->tensor == nullptr) continue;
        for (const Axis* axis : f->variable->axes) {
          const auto drawn = [&](const Factor* v) { return v->variable == e->tensor; };
          if (is_earlier(e, axis) && std::any_of(factors.begin(), factors.end(), drawn)) return axis;
        }
      }
    }
  }
  return nullptr;
}

}  // namespace

DependencyOrder dependency_order(const Model& model, const std::vector<const Tensor*>& wanted) {
  DependencyOrder out;
  Factors waiting;
  for (const Factor& f : model.factors) {
    // A density of the motion says nothing of the value.
    if (!f.drawn && std::find(wanted.begin(), wanted.end(), f.variable) != wanted.end())
      waiting.push_back(&f);
  }
  while (!waiting.empty()) {
    DependencyOrder::Stage whole;
    take_free(waiting, nullptr, whole.factors);
    if (!whole.factors.empty()) out.stages.push_back(whole);
    if (waiting.empty()) break;
    DependencyOrder::Stage in_time;
    in_time.time = time_axis(waiting);
    Factors members;
    for (const Factor* f : waiting) {
      const auto& axes = f->variable->axes;
      if (in_time.time != nullptr && std::find(axes.begin(), axes.end(), in_time.time) != axes.end())
        members.push_back(f);
    }
    keep_closed(members, waiting);
    take_free(members, in_time.time, in_time.factors);
    if (in_time.factors.empty() || !members.empty()) {
      out.cyclic = waiting;
      break;
    }
    std::erase_if(waiting, [&](const Factor* f) {
      return std::find(in_time.factors.begin(), in_time.factors.end(), f) != in_time.factors.end();
    });
    out.stages.push_back(in_time);
  }
  return out;
}

}  // namespace freefall::elaborate

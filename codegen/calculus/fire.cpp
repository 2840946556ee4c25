#include "codegen/calculus/fire.hpp"

#include <fmt/format.h>

#include "codegen/ir/print.hpp"

namespace freefall::calculus {

using namespace ir;

FireTensors fire_tensors(Context& context, const Events& events) {
  const auto named = [&](const char* suffix) { return fmt::format("{}_{}", events.counts->name, suffix); };
  return {context.tensor(named("excess"), events.counts->axes, Role::output),
          context.tensor(named("gain"), {}, Role::output),
          context.tensor(named("winner"), {}, Role::output, false, false,
                         canonical_indices(events.counts)[0].axis)};
}

void append_choice(Steps& out, const GreedyRule& rule, const FireTensors& at) {
  const Events& events = *rule.events;
  const GreedyParts& parts = rule.parts;
  Context& context = *events.energy->context;
  const Index own = canonical_indices(events.counts)[0];
  const Expr voltage = events.voltage != nullptr ? element(context, events.voltage) : parts.voltage;
  const Expr excess = element(context, at.excess), gain = element(context, at.gain);
  const auto assign = [&](const Tensor* target, Expr value, std::string label) {
    out.push_back({Assign{{{target, value, std::move(label)}}}});
  };
  assign(at.excess, voltage - parts.threshold,
         fmt::format("{} = {} - ({})", at.excess->name,
                     events.voltage != nullptr ? events.voltage->name : print(parts.voltage),
                     print(parts.threshold)));
  assign(at.gain, make_reduce(Reducer::max, {own}, excess),
         fmt::format("{} = max {}", at.gain->name, at.excess->name));
  // The first of equals: the largest -position among those that have the maximum.
  const Expr position = make_position(context, Subscript(own));
  const Expr last = make_extent(context, own.axis) - make_constant(context, 1);
  const Expr candidate =
      make_select(make_map(Function::equal, {excess, gain}), Number(-1) * position, Number(-1) * last);
  assign(at.winner, Number(-1) * make_reduce(Reducer::max, {own}, candidate),
         fmt::format("{} = the first element with {} = {}", at.winner->name, at.excess->name, at.gain->name));
  assign(events.spike, make_constant(context, 0), fmt::format("{} = 0", events.spike->name));
}

Assignment spike_of_winner(const Events& events, const FireTensors& at) {
  Context& context = *events.energy->context;
  const Expr position = make_position(context, Subscript(canonical_indices(events.counts)[0]));
  return {events.spike, make_map(Function::equal, {position, element(context, at.winner)}),
          fmt::format("{} = 1 for the winner", events.spike->name)};
}

std::vector<Assignment> event_assignments(const GreedyRule& rule) {
  const Events& events = *rule.events;
  Context& context = *events.energy->context;
  const Expr counts = element(context, events.counts), spike = element(context, events.spike);
  std::vector<Assignment> out = {
      {events.counts, counts + spike, fmt::format("{} += {}", events.counts->name, events.spike->name)}};
  if (events.voltage == nullptr) return out;
  const Index event = event_index(events.counts), own = canonical_indices(events.counts)[0];
  const Expr couplings = events.couplings ? events.couplings : rule.couplings;
  const Expr jump = make_contract({event}, couplings * substitute(spike, {{own, Subscript(event)}}));
  out.push_back({events.voltage, element(context, events.voltage) + jump,
                 fmt::format("{} += {}", events.voltage->name, print(jump))});
  return out;
}

}  // namespace freefall::calculus

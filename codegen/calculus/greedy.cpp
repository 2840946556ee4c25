#include "codegen/calculus/greedy.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/ir/expand.hpp"
#include "codegen/ir/print.hpp"

namespace freefall::calculus {
namespace {

using namespace ir;

// Levels that no index of a user has.
constexpr int kEventLevel = 3000;

const Tensor* variable_read(Expr e) {
  const auto reads = tensors_of(e);
  const auto at = std::find_if(reads.begin(), reads.end(), [](auto t) { return t->role == Role::variable; });
  return at == reads.end() ? nullptr : *at;
}

// e after an event of the element at `event`, an index for each axis of the counts.
Expr after_event(Expr e, const Tensor* counts, const std::vector<Index>& event) {
  Context& context = *e->context;
  return transform(e, [&](Expr n) {
    if (n->op != Op::Access || n->tensor != counts) return n;
    std::vector<Expr> same;
    for (std::size_t p = 0; p < event.size(); ++p)
      same.push_back(make_delta(context, n->subscripts[p], Subscript(event[p])));
    return n + make_product(context, same);
  });
}

std::vector<Index> raised(std::vector<Index> indices, int by) {
  for (Index& i : indices) i.level += by;
  return indices;
}

Expr renamed(Expr e, const std::vector<Index>& from, const std::vector<Index>& to) {
  Substitution s;
  for (std::size_t i = 0; i < from.size(); ++i) s.emplace_back(from[i], Subscript(to[i]));
  return substitute(e, s);
}

const Trace* find_trace(const std::vector<Trace>& traces, const Tensor* variable) {
  const auto at =
      std::find_if(traces.begin(), traces.end(), [&](const Trace& t) { return t.variable == variable; });
  return at == traces.end() ? nullptr : &*at;
}

}  // namespace

GreedyParts greedy_parts(Expr energy, const Tensor* counts) {
  Context& context = *energy->context;
  const auto own = canonical_indices(counts), event = raised(own, kEventLevel);
  const Expr difference = renamed(expand(after_event(energy, counts, event) - energy), event, own);
  GreedyParts out{difference, {}, {}};
  std::vector<Expr> state, constant;
  std::vector<Number> state_weights, constant_weights;
  const bool sum = difference->op == Op::Sum;
  const std::vector<Expr> terms = sum ? difference->args : std::vector<Expr>{difference};
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const bool reads_state = variable_read(terms[i]) != nullptr;
    const Number weight = sum ? difference->weights[i] : Number(1);
    (reads_state ? state : constant).push_back(terms[i]);
    (reads_state ? state_weights : constant_weights).push_back(weight);
  }
  out.voltage = -make_sum(context, state, state_weights);
  out.threshold = make_sum(context, constant, constant_weights, sum ? difference->value : Number(0));
  return out;
}

Index event_index(const Tensor* counts) {
  if (counts->axes.size() != 1 || counts->axes[0]->plate) {
    throw ModelError(
        fmt::format("the events of '{}' compete along one axis, but it has {}{}; declare it with one axis "
                    "that is no plate",
                    counts->name, counts->axes.size(), counts->axes.size() == 1 ? ", a plate" : " axes"));
  }
  return {counts->axes[0], 1};
}

Expr greedy_couplings(const GreedyParts& parts, const Tensor* counts) {
  const Index event{event_index(counts).axis, kEventLevel};
  const Expr change = expand(after_event(parts.voltage, counts, {event}) - parts.voltage);
  if (const Tensor* t = variable_read(change)) {
    throw ModelError(fmt::format(
        "the voltage of '{0}' changes at an event by an amount that depends on '{1}', so it has no "
        "couplings: the energy must be at most quadratic in '{0}'; or leave out voltage<...>, and "
        "the voltage is computed from the energy",
        counts->name, t->name));
  }
  return renamed(change, {event}, {event_index(counts)});
}

Expr trace_tick(const Trace& trace) {
  const Expr x = element(*trace.decay->context, trace.variable);
  const Expr kept = (make_constant(*x->context, 1) - trace.decay) * x;
  return trace.drive ? kept + trace.drive : kept;
}

VoltageTick voltage_tick(const GreedyParts& parts, const Tensor* counts, const std::vector<Trace>& traces) {
  Context& context = *parts.voltage->context;
  const Trace* own = find_trace(traces, counts);
  if (own == nullptr) {
    throw ModelError(fmt::format(
        "the voltage of '{0}' is a state, so '{0}' needs a leak: declare it with trace<\"{0}\">(..., "
        "decay(...))",
        counts->name));
  }
  const Expr keep = make_constant(context, 1) - own->decay;
  const Expr next = transform(parts.voltage, [&](Expr e) {
    const Trace* trace = e->op == Op::Access ? find_trace(traces, e->tensor) : nullptr;
    if (trace == nullptr) return e;
    Substitution at;  // the tick is over the trace's own indices
    const auto indices = canonical_indices(e->tensor);
    for (std::size_t p = 0; p < indices.size(); ++p) at.emplace_back(indices[p], e->subscripts[p]);
    return substitute(trace_tick(*trace), at);
  });
  const Expr drive = expand(next - keep * parts.voltage);
  if (const Tensor* t = variable_read(drive)) {
    throw ModelError(
        find_trace(traces, t) == nullptr
            ? fmt::format(
                  "the voltage of '{}' is a state, but it depends on '{}', whose change in a tick is not "
                  "known: declare that as trace<...> too, or leave out voltage<...>",
                  counts->name, t->name)
            : fmt::format(
                  "the voltage of '{0}' does not leak at one rate: '{1}' remains after a tick; give the "
                  "traces it reads the same decay, or leave out voltage<...>",
                  counts->name, t->name));
  }
  return {keep, drive};
}

GreedyRule greedy_rule(const Events& events, Expr energy, const std::vector<Trace>& traces) {
  GreedyRule out{&events, greedy_parts(energy, events.counts), {}, {}};
  if (events.voltage == nullptr) return out;
  if (!events.couplings) out.couplings = greedy_couplings(out.parts, events.counts);
  out.tick = voltage_tick(out.parts, events.counts, traces);
  return out;
}

}  // namespace freefall::calculus

#pragma once
// Traces and greedy events.
//
//   auto r = trace<"r">(neuron, decay(leak));              advance(r): r becomes (1 - leak) r
//   auto x = trace<"x">(signal, decay(leak), drive(u));    ... plus u
//   auto g = greedy(E, r);           an event of element i adds 1 to r[i], where that lowers E: voltage and
//                                    threshold come from E(r + e_i) - E(r)
//   auto n = voltage<"V">(g);        the voltage is a state: its leak, its drive and the couplings that move
//                                    it at an event are derived too
//   auto n = voltage<"V">(g, W);     a parameter W(neuron, neuron.prime()) moves it in place of the derived
//                                    couplings: W[i, k] is added to V[i] at an event of k, whose couplings
//                                    lie in one piece if W is declared (neuron.prime(), neuron)
//   n.value, spike(g)                expressions: the voltage; 1 for the element whose event happens, else 0
//   voltage_of(g), threshold_of(g), couplings_of(g)
//                                    expressions, derived: an event of i lowers E where voltage > threshold,
//                                    and couplings(i, k) is what an event of k adds to the voltage of i
//   advance(x, r, n)                 a tick of time for traces and voltages, all at once (tick.hpp)
//   fire(g, one_winner)              the event that lowers E most happens, if any lowers it
//   fire(g, drain(50))               again, until none lowers it, at most 50 times
//   fire(g, one_winner, on_spike(descend(L, W, rate(eta))))
//                                    descents with each event; they see the state before it, and spike(g)

#include "freefall/dsl/program.hpp"
#include "freefall/dsl/tick.hpp"

namespace freefall {
namespace detail {

template <class Axes, class Reads>
struct leak_rate {
  ir::Expr ir;
};
template <class Axes, class Reads>
struct input_flow {
  ir::Expr ir;
};

template <class T>
struct is_axis_argument : std::bool_constant<is_axis<T>> {};
template <class T>
struct is_leak : std::false_type {};
template <class A, class R>
struct is_leak<leak_rate<A, R>> : std::bool_constant<length<A> == 0> {};

template <class T>
    struct is_no_time : std::bool_constant < !requires {
  T::is_ticks;
}>{};
/// Axes without time: what has a value for each tick is taken at the tick at which it is used.
template <class Axes>
using timeless_axes = typename filter<Axes, is_no_time>::type;

template <class Axes, class T>
struct is_flow_along : std::false_type {};
template <class Axes, class A, class R>
struct is_flow_along<Axes, input_flow<A, R>> : std::bool_constant<subset<timeless_axes<A>, Axes>> {};

template <class Axes, class T>
struct is_no_trace_argument
    : std::bool_constant<!is_axis<T> && !is_leak<T>::value && !is_flow_along<Axes, T>::value> {};

template <class A, class R>
void note(ir::Trace& trace, const leak_rate<A, R>& leak) {
  trace.decay = leak.ir;
}
template <class A, class R>
void note(ir::Trace& trace, const input_flow<A, R>& flow) {
  trace.drive = flow.ir;
}
template <axis_like A>
void note(ir::Trace&, const A&) {}

template <fixed_string Name>
struct trace_declaration {
  template <class... Args>
  auto operator()(const Args&... args) const {
    using arguments = types<Args...>;
    return declare_trace(typename filter<arguments, is_axis_argument>::type{}, args...);
  }

 private:
  template <class... Axes, class... Args>
  static auto declare_trace(types<Axes...>, const Args&... args) {
    using axes = typename unite<indices<>, indices<Axes...>>::type;
    const auto out = declaration<ir::Role::variable, Name>{}(Axes{}...);
    if constexpr ((0 + ... + int{is_leak<Args>::value}) != 1) {
      diagnostics::report<diagnostics::trace_without_decay<name<Name>>>();
    } else if constexpr ((is_no_trace_argument<axes, Args>::value || ...)) {
      diagnostics::report<diagnostics::drive_has_an_axis_the_trace_lacks<name<Name>, axes>>();
    } else {
      ir::Trace trace;
      trace.variable = out.tensor;
      (note(trace, args), ...);
      current_program().traces.push_back(trace);
    }
    return out;
  }
};

}  // namespace detail

/// The part of a trace that is lost in a tick: a scalar between 0 and 1.
template <detail::term E>
auto decay(const E& e) {
  return detail::leak_rate<detail::axes_of<E>, detail::reads_of<E>>{detail::lift(e).ir};
}
/// What is added to a trace in a tick, over axes of the trace.
template <detail::term E>
auto drive(const E& e) {
  return detail::input_flow<detail::axes_of<E>, detail::reads_of<E>>{detail::lift(e).ir};
}
/// `trace<"r">(axes..., decay(leak), drive(u))`: a variable that a tick carries on as (1 - leak) r + u.
template <fixed_string Name>
inline constexpr detail::trace_declaration<Name> trace{};

/// Events that lower an energy; Counts is the symbol they add to, Time the ticks the energy has a value for.
template <class Counts, class Time = indices<>>
struct events {
  std::size_t position = 0;
};
/// The same with the voltage as a state.
template <class Counts, class Symbol, class Time = indices<>>
struct events_of_voltage : events<Counts, Time> {
  /// The voltage as an expression over the axes of the counts.
  handle<Symbol> value;
};

template <class I, class R, class Counts>
auto greedy(const expr<I, R>& energy, const handle<Counts>& counts,
            const std::source_location& where = std::source_location::current()) {
  if constexpr (detail::contains<detail::mistaken, R>) {
    // Reported where it was written.
  } else if constexpr (detail::length<detail::timeless_axes<I>> > 0) {
    diagnostics::report<diagnostics::functional_is_not_scalar<I>>();
  } else if constexpr (Counts::role != ir::Role::variable) {
    diagnostics::report<diagnostics::target_is_not_free<typename Counts::label,
                                                        typename detail::role_label<Counts::role>::type>>();
  } else {
    detail::check_target<handle<Counts>>(R{});
  }
  ir::Program& program = detail::current_program();
  ir::Events out;
  out.energy = energy.ir;
  out.counts = counts.tensor;
  out.spike =
      program.context->tensor(std::string(Counts::text) + "_spike", counts.tensor->axes, ir::Role::output);
  out.origin = detail::make_origin("greedy " + std::string(Counts::text), where);
  program.events.push_back(out);
  return events<Counts, I>{program.events.size() - 1};
}

namespace detail {

template <fixed_string Name>
struct voltage_declaration {
  template <class Counts, class Time>
  auto operator()(const events<Counts, Time>& g) const {
    return of(g, {}, typename Counts::declared_axes{});
  }
  template <class Counts, class Time, class Couplings>
  auto operator()(const events<Counts, Time>& g, const handle<Couplings>& couplings) const {
    using needed = squared<typename Counts::declared_axes>;
    using given = typename Couplings::declared_axes;
    if constexpr (!std::is_same_v<given, typename needed::type> &&
                  !std::is_same_v<given, typename needed::by_columns>) {
      diagnostics::report<
          diagnostics::couplings_of_other_axes<typename Couplings::label, typename needed::type>>();
    }
    return of(g, couplings.ir, typename Counts::declared_axes{});
  }

 private:
  template <class Axes>
  struct squared {
    using type = types<>;
    using by_columns = types<>;
  };
  template <class Axis>
  struct squared<types<Axis>> {
    using type = types<Axis, typename exchange<Axis>::type>;
    using by_columns = types<typename exchange<Axis>::type, Axis>;
  };
  template <class Counts, class Time, class... Axes>
  static auto of(const events<Counts, Time>& g, ir::Expr couplings, types<Axes...>) {
    using symbol_type = symbol<ir::Role::variable, Name, Axes...>;
    events_of_voltage<Counts, symbol_type, Time> out{{}, declaration<ir::Role::variable, Name>{}(Axes{}...)};
    ir::Program& program = current_program();
    ir::Events with = program.events[g.position];
    with.voltage = out.value.tensor;
    with.couplings = couplings;
    program.events.push_back(with);
    out.position = program.events.size() - 1;
    return out;
  }
};

template <class Counts, class Symbol, class Time>
struct carried_on<events_of_voltage<Counts, Symbol, Time>> : std::true_type {
  static const ir::Tensor* tensor(const events_of_voltage<Counts, Symbol, Time>& g) { return g.value.tensor; }
};

}  // namespace detail

/// `voltage<"V">(g)`: the voltage of events as a state; `voltage<"V">(g, W)` with a parameter as its
/// couplings.
template <fixed_string Name>
inline constexpr detail::voltage_declaration<Name> voltage{};

/// 1 for the element whose event happens, else 0.
template <class Counts, class Time>
auto spike(const events<Counts, Time>& g) {
  ir::Program& program = detail::current_program();
  return expr<typename Counts::axes, reads<>>{
      ir::element(*program.context, program.events[g.position].spike)};
}

/// The voltage of each element: minus the terms of E(r + e_i) - E(r) that read a variable, over the axes of
/// the counts, in units of E (Boerlin, Machens and Deneve 2013). E is the energy of greedy(E, r).
template <class Counts, class Time>
auto voltage_of(const events<Counts, Time>& g) {
  return expr<typename detail::unite<typename Counts::axes, Time>::type, reads<>>{
      detail::current_program().event_part(g.position, ir::EventPart::Kind::voltage)};
}
/// The threshold of each element: the other terms of E(r + e_i) - E(r). An event lowers E where the voltage
/// is above it.
template <class Counts, class Time>
auto threshold_of(const events<Counts, Time>& g) {
  return expr<typename detail::unite<typename Counts::axes, Time>::type, reads<>>{
      detail::current_program().event_part(g.position, ir::EventPart::Kind::threshold)};
}
namespace detail {
template <class List>
struct pairs_of;
template <class Axis>
struct pairs_of<types<Axis>> {
  using type = indices<Axis, typename exchange<Axis>::type>;
};
}  // namespace detail
/// What an event of k adds to the voltage of i, over (i, k), for counts over one axis. Throws ir::ModelError
/// where it depends on a variable: the energy must be at most quadratic in the counts.
template <class Counts, class Time>
auto couplings_of(const events<Counts, Time>& g) {
  return expr<typename detail::pairs_of<typename Counts::declared_axes>::type, reads<>>{
      detail::current_program().event_part(g.position, ir::EventPart::Kind::couplings)};
}

/// How often events happen in one place of the schedule.
struct event_policy {
  std::size_t at_most;
};
/// At most one event in one place of the schedule.
inline constexpr event_policy one_winner{1};
/// Up to `at_most` events in one place of the schedule, each where it still lowers E; at least 2. Throws
/// ir::ModelError.
inline event_policy drain(std::size_t at_most,
                          const std::source_location& where = std::source_location::current()) {
  if (at_most < 2)
    throw ir::ModelError(
        fmt::format("drain({}): give the most events it may take, at least 2; for one write one_winner",
                    at_most),
        detail::make_origin("drain", where));
  return {at_most};
}

/// What happens with each event.
template <class Mentions>
struct with_event {
  ir::Block block;
};
/// Descents that happen with each event, all at the values before it.
template <class... Mentions>
auto on_spike(const statement<Mentions>&... descents) {
  return with_event<typename detail::merge<reads<>, Mentions...>::type>{{descents.ir...}};
}

/// The events happen here: of the element whose event lowers E most, if one does.
template <class Counts, class Time>
auto fire(const events<Counts, Time>& g, event_policy policy,
          const std::source_location& where = std::source_location::current()) {
  return statement<reads<>>{{ir::Fire{g.position, policy.at_most, {}},
                             detail::make_origin("fire " + std::string(Counts::text), where)}};
}
/// The same, with descents at each event.
template <class Counts, class Time, class Mentions>
auto fire(const events<Counts, Time>& g, event_policy policy, const with_event<Mentions>& learning,
          const std::source_location& where = std::source_location::current()) {
  return statement<Mentions>{{ir::Fire{g.position, policy.at_most, learning.block},
                              detail::make_origin("fire " + std::string(Counts::text), where)}};
}

}  // namespace freefall

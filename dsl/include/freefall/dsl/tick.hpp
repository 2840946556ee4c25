#pragma once
// State carried over ticks: a stream is filtered one tick a call.
//
//   previous(x)        the value of x at the last advance(x); where the program never advances x, the value
//                      it had before it last changed. Given within the tick, so a rule may read old and new
//                      value of the same variable, and a cycle through it is none
//   advance(x, ...)    begins a tick: the current values become the previous ones; traces and voltages
//                      (events.hpp) go on; all at once
//
// Both take the state of a family as well: concentration(q, A).
//
//   x <<= normal(A * previous(x) + B * u, covariance(Q))
//   kernel<"tick">(advance(x), forward(p), repeat(5, descend(F, x, rate(0.05))))
//
// previous(x) is the array `x_previous` of role state, with the axes of x; it is what a checkpoint of a
// running filter keeps. Before the first tick the user puts the initial value into x.

#include "freefall/dsl/solve.hpp"

namespace freefall {
namespace detail {

template <class Symbol>
struct carried;
template <ir::Role Role, fixed_string Name, class... Axes>
struct carried<symbol<Role, Name, Axes...>> {
  using type = symbol<ir::Role::state, joined_name<Name, "_previous">(), Axes...>;
};

/// What advance takes: variables, states of a family, and what has one that a tick carries on.
template <class T>
struct carried_on : std::bool_constant<is_variable<T> || is_state<T>> {
  static const ir::Tensor* tensor(const T& variable) { return variable.tensor; }
};

struct make_advance {
  template <class... Vs>
  ir::Statement operator()(const Vs&... vs) const {
    std::vector<const ir::Tensor*> tensors{carried_on<Vs>::tensor(vs)...};
    std::string text;
    for (const ir::Tensor* t : tensors) text += (text.empty() ? "advance " : ", ") + t->name;
    return {ir::Advance{std::move(tensors)}, {text, "", 0}};
  }
};

template <class T>
struct is_not_carried_on : std::bool_constant<!carried_on<T>::value> {};

}  // namespace detail

/// The value of x at the last advance(x); where the program never advances x, before its last change.
template <class V>
auto previous(const V& variable) {
  if constexpr (!detail::is_variable<V> && !detail::is_state<V>) {
    using described = detail::symbol_of<V>;
    diagnostics::report<
        diagnostics::previous_of_no_variable<typename described::label, typename described::role>>();
    return detail::rejected<V, int>(detail::lift(variable).ir);
  } else {
    handle<typename detail::carried<typename V::declared>::type> out;
    out.ir = detail::current_program().previous(variable.tensor);
    out.tensor = out.ir->tensor;
    return out;
  }
}

namespace detail {
template <class Member, class Symbol>
struct is_normal_before : std::false_type {};
template <class X, class Symbol>
struct is_normal_before<member_of<"gaussian", X>, Symbol> : std::is_same<typename carried<X>::type, Symbol> {
};
}  // namespace detail

/// The precision that q had for x at the last advance(x): precision(q, previous(x)), where q has the member
/// gaussian(x).
template <class... Members, class Symbol>
  requires(detail::is_normal_before<Members, Symbol>::value || ...)
auto precision(const approximation<Members...>&, const handle<Symbol>& before) {
  return detail::precision_about(before);
}

/// advance(x, ...): variables, traces, events with a voltage, and groups of them.
template <class... Args>
auto advance(const Args&... args) {
  using arguments = detail::elements<Args...>;
  using strangers = typename detail::filter<arguments, detail::is_not_carried_on>::type;
  if constexpr (detail::length<arguments> == 0) {
    diagnostics::report<diagnostics::advance_without_variables<arguments>>();
    return statement<reads<>>{};
  } else if constexpr (detail::length<strangers> > 0) {
    using described = detail::symbol_of<typename detail::first<strangers>::type>;
    diagnostics::report<
        diagnostics::advanced_is_not_a_variable<typename described::label, typename described::role>>();
    return statement<reads<>>{};
  } else {
    return statement<reads<>>{hana::unpack(detail::flatten(args...), detail::make_advance{})};
  }
}

}  // namespace freefall

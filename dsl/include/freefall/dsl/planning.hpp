#pragma once
// What is expected of the future.
//
//   auto G = expected_free_energy(p, q, preference(o, C), ...)
//                             for each copy of the plates of p, in nats: G = E_q(o,x)[ln q(x) - ln p~(o) - ln
//                             p(x|o)] = KL[q(o) || C] + E_q(x) H[p(o|x)], risk and ambiguity. With a plate of
//                             policies: one number a policy. The beliefs are those the latent variables hold:
//                             forward(p, q) before it makes them the predictions under given actions.
//   preference(o, C)          desired probabilities over the axis of o; each outcome that p draws has one
//   softmax(e, axis)          exp(e) over its sum along the axis, which may be a plate: softmax(-gamma * G,
//   policy)

#include "freefall/dsl/categorical.hpp"

namespace freefall {
namespace detail {

template <class Outcome, class Reads>
struct preferred {
  const ir::Tensor* outcome = nullptr;
  ir::Expr desired;
};

template <class List>
struct plates_of;
template <class... Axes>
struct plates_of<indices<Axes...>> {
  using type =
      typename concat<indices<>, std::conditional_t<Axes::is_plate, indices<Axes>, indices<>>...>::type;
};
template <class... Factors>
auto plates_of_factors(types<Factors...>) ->
    typename merge<indices<>, typename plates_of<typename Factors::variable::axes>::type...>::type;

}  // namespace detail

template <class V, detail::term C>
auto preference(const V& outcome, const C& desired) {
  if constexpr (!detail::is_variable<V>) {
    using described = detail::symbol_of<V>;
    diagnostics::report<diagnostics::preference_for_no_outcome<typename described::label>>();
    return detail::preferred<void, reads<>>{};
  } else {
    using extra = typename detail::difference<detail::axes_of<C>, typename V::declared::axes>::type;
    if constexpr (detail::length<extra> > 0)
      diagnostics::report<
          diagnostics::mean_has_an_axis_the_variable_lacks<typename V::declared::label, extra>>();
    return detail::preferred<typename V::declared, detail::reads_of<C>>{outcome.tensor,
                                                                        detail::lift(desired).ir};
  }
}

template <fixed_string Name, class... Factors, class... Members, class... Outcomes, class... Reads>
auto expected_free_energy(const joint<Name, Factors...>& p, const approximation<Members...>& q,
                          const detail::preferred<Outcomes, Reads>&... preferences) {
  detail::check_functional<Name>(types<Factors...>{}, types<Members...>{});
  using axes = decltype(detail::plates_of_factors(types<Factors...>{}));
  using roles = detail::roles<joint<Name, Factors...>, approximation<Members...>>;
  using symbol = detail::functional_of<Name, roles>;
  const ir::Origin origin{"expected_free_energy(" + std::string(Name.view()) + ")", "", 0};
  return expr<axes, typename detail::merge<reads<symbol>, Reads...>::type>{
      detail::current_program().expected_free_energy(
          p.position, q.position, {{preferences.outcome, preferences.desired}...}, origin)};
}

template <class I, class R, axis_like Axis>
auto softmax(const expr<I, R>& e, Axis) {
  if constexpr (detail::contains<detail::mistaken, R>) {
    return e;
  } else if constexpr (!detail::contains<Axis, I>) {
    diagnostics::report<diagnostics::axis_not_in_expression<Axis, I>>();
    return detail::rejected<expr<I, R>, int>(e.ir);
  } else {
    const ir::Index along = detail::ir_index<Axis>(*e.ir->context);
    return expr<I, R>{ir::make_softmax(along, e.ir, ir::Subscript(along))};
  }
}

}  // namespace freefall

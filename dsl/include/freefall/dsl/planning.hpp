#pragma once
// What is expected of the future, and what is done about it.
//
//   auto G = expected_free_energy(p, q, preference(o, C), ...)
//                          for each copy of the plates of p, in nats: E_q(o,x)[ln q(x) - ln p~(o) p(x|o)],
//                          risk + ambiguity. The beliefs are those the latent variables hold: forward(p, q)
//                          before it makes them the predictions under given actions
//   preference(o, C)       desired probabilities over the axis of o; each outcome that p draws has one
//   posterior(s, P)        p(s|o) over the axes of s and o, where it is not that of Bayes' rule
//
// Others of its kind, with preferences d and a posterior g; each is printed with the sums it is equal to:
//
//   expected_free_energy(p, q, d..., g)              least where outcomes are desired and tell the state
//   expected_free_energy_of_states(p, q, d...)       with preference(s, D) of latent variables
//   free_energy_of_the_future(p, q, d..., g)         extrinsic value + posterior divergence
//   biased_free_energy_of_the_future(p, q, d...)     with preference(o, C(s)): + information gain
//   free_energy_of_the_expected_future(p, q, d...)   likelihood divergence - information gain
//   outcome_divergence(p, q, d...)                   KL[q(o) || p~(o)]
//   action_perception_divergence(p, q, d..., g)      that + expected free energy after an outcome
//   joint_divergence(p, q, d..., g)                  KL[q(o, x) || p~(o) p(x|o)]
//   state_divergence(p, q, d...)                     KL[q(x) || p~(x)], KL control
//   expected_evidence(p, q, d...)                    E_q(o) ln p~(o), to be maximised
//
// Where q has dirichlet(A) of a table that p reads, what an outcome teaches about A, I(o; A | x), is part of
// the expected free energy: tables that are badly known attract.
//
// Policies: with first = branch<"first">(move) and second = branch<"second">(move), s1 over first and s2 over
// first and second make a tree; what policies have in common is computed once. Of G over its branches:
//
//   softmax(-gamma * G)    over all branches together: q(pi). Habits E, probabilities of policies, stand as
//                          softmax(log_probability(E) - gamma * G)
//   softmax(e, axis...)    over the given axes and plates
//   marginal(q, first)     the probabilities of first actions, over move: summed over all other branches
//   choose(a, e)           a, one_of over move, takes the index of the largest e, the lowest among equals:
//                          choose(a, marginal(q, first)) is the most probable first action
//   draw(a, e)             a takes an index with the probabilities e, by counter-based random numbers

#include "freefall/dsl/categorical.hpp"

namespace freefall {
namespace detail {

enum class given_as { preference, posterior };

/// preference(o, C), posterior(s, P).
template <given_as Kind, class Variable, class Reads>
struct probabilities_of {
  static constexpr given_as kind = Kind;
  const ir::Tensor* variable = nullptr;
  ir::Expr table;
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

template <given_as Kind>
auto probabilities_given(const auto&... given) {
  std::vector<std::pair<const ir::Tensor*, ir::Expr>> out;
  [[maybe_unused]] const auto add = [&](const auto& one) {
    if (one.kind == Kind) out.emplace_back(one.variable, one.table);
  };
  (add(given), ...);
  return out;
}

/// A row of the compiler's table of functionals of the future.
template <fixed_string Word>
struct future_word {
  template <fixed_string Name, class... Factors, class... Members, given_as... Kinds, class... Variables,
            class... Reads>
  auto operator()(const joint<Name, Factors...>& p, const approximation<Members...>& q,
                  const probabilities_of<Kinds, Variables, Reads>&... given) const {
    check_functional<Name>(types<Factors...>{}, types<Members...>{});
    using axes = decltype(plates_of_factors(types<Factors...>{}));
    using symbol = functional_of<Name, roles<joint<Name, Factors...>, approximation<Members...>>>;
    const ir::Origin origin{std::string(Word.view()) + "(" + std::string(Name.view()) + ")", "", 0};
    return expr<axes, typename merge<reads<symbol>, Reads...>::type>{current_program().future(
        std::string(Word.view()), p.position, q.position, probabilities_given<given_as::preference>(given...),
        probabilities_given<given_as::posterior>(given...), origin)};
  }
};

template <class List>
struct branches_of;
template <class... Axes>
struct branches_of<indices<Axes...>> {
  using type =
      typename concat<indices<>, std::conditional_t<is_branch<Axes>, indices<Axes>, indices<>>...>::type;
};

}  // namespace detail

/// E_q(o, x)[ln q(x) - ln p~(o) p(x|o)]: risk + ambiguity, or minus extrinsic value and information gain
/// (Friston et al. 2015). In nats, one number for each copy of the plates.
inline constexpr detail::future_word<"expected_free_energy"> expected_free_energy{};
/// With preference(s, D) of latent variables: state risk + ambiguity. In nats, one number for each copy of
/// the plates (Millidge, Tschantz and Buckley 2021).
inline constexpr detail::future_word<"expected_free_energy_of_states"> expected_free_energy_of_states{};
/// Extrinsic value + posterior divergence. In nats, one number for each copy of the plates (Millidge,
/// Tschantz and Buckley 2021).
inline constexpr detail::future_word<"free_energy_of_the_future"> free_energy_of_the_future{};
/// With preference(o, C(s)): extrinsic value + posterior divergence + information gain. In nats, one number
/// for each copy of the plates (Millidge, Tschantz and Buckley 2021).
inline constexpr detail::future_word<"biased_free_energy_of_the_future"> biased_free_energy_of_the_future{};
/// Likelihood divergence - information gain. In nats, one number for each copy of the plates (Millidge,
/// Tschantz and Buckley 2021).
inline constexpr detail::future_word<"free_energy_of_the_expected_future">
    free_energy_of_the_expected_future{};
/// KL[q(o) || p~(o)] of predicted and desired outcomes. In nats, one number for each copy of the plates
/// (Millidge, Tschantz and Buckley 2021).
inline constexpr detail::future_word<"outcome_divergence"> outcome_divergence{};
/// Outcome divergence + the free energy that is expected after an outcome. In nats, one number for each
/// copy of the plates (Millidge, Tschantz and Buckley 2021).
inline constexpr detail::future_word<"action_perception_divergence"> action_perception_divergence{};
/// KL[q(o, x) || p~(o) p(x|o)]. In nats, one number for each copy of the plates (Millidge, Tschantz and
/// Buckley 2021).
inline constexpr detail::future_word<"joint_divergence"> joint_divergence{};
/// KL[q(x) || p~(x)] of predicted and desired states: KL control. In nats, one number for each copy of the
/// plates (Millidge, Tschantz and Buckley 2021).
inline constexpr detail::future_word<"state_divergence"> state_divergence{};
/// E_q(o) ln p~(o), to be maximised. In nats, one number for each copy of the plates (Millidge, Tschantz
/// and Buckley 2021).
inline constexpr detail::future_word<"expected_evidence"> expected_evidence{};

/// What is desired of an outcome: probabilities over its axis.
template <class V, detail::term C>
auto preference(const V& outcome, const C& desired) {
  constexpr auto kind = detail::given_as::preference;
  if constexpr (!detail::is_variable<V>) {
    using described = detail::symbol_of<V>;
    diagnostics::report<diagnostics::preference_for_no_outcome<typename described::label>>();
    return detail::probabilities_of<kind, void, reads<>>{};
  } else {
    using extra = typename detail::difference<detail::axes_of<C>, typename V::declared::axes>::type;
    if constexpr (detail::length<extra> > 0)
      diagnostics::report<diagnostics::argument_has_an_axis_the_variable_lacks<typename V::declared::label,
                                                                               name<"preference">, extra>>();
    return detail::probabilities_of<kind, typename V::declared, detail::reads_of<C>>{
        outcome.tensor, detail::lift(desired).ir};
  }
}

/// The posterior over a state that is in use after an outcome.
template <class V, detail::term P>
auto posterior(const V& state, const P& table) {
  constexpr auto kind = detail::given_as::posterior;
  if constexpr (!detail::is_variable<V>) {
    diagnostics::report<diagnostics::posterior_of_no_variable<typename detail::symbol_of<V>::label>>();
    return detail::probabilities_of<kind, void, reads<>>{};
  } else {
    return detail::probabilities_of<kind, typename V::declared, detail::reads_of<P>>{state.tensor,
                                                                                     detail::lift(table).ir};
  }
}

/// softmax(e, axis...): over the given axes together. Each is kept whole: the last within the others, and so
/// on.
template <class I, class R, axis_like Axis, axis_like... More>
auto softmax(const expr<I, R>& e, Axis axis, More... more) {
  using missing = typename detail::difference<indices<Axis, More...>, I>::type;
  if constexpr (detail::contains<detail::mistaken, R>) {
    return e;
  } else if constexpr (detail::length<missing> > 0) {
    diagnostics::report<diagnostics::axis_not_in_expression<typename detail::first<missing>::type, I>>();
    return detail::rejected<expr<I, R>, int>(e.ir);
  } else if constexpr (sizeof...(More) == 0) {
    const ir::Index along = detail::ir_index<Axis>(*e.ir->context);
    return expr<I, R>{ir::make_softmax(along, e.ir, ir::Subscript(along))};
  } else {
    using left = typename detail::difference<I, indices<More...>>::type;
    const expr<left, R> among{ir::make_reduce(ir::Reducer::log_sum_exp,
                                              detail::ir_indices<indices<More...>>(*e.ir->context), e.ir)};
    return expr<I, R>{softmax(among, axis).ir * softmax(e, more...).ir};
  }
}
/// Over the branches of policies together: the posterior over policies.
template <class I, class R>
auto softmax(const expr<I, R>& e) {
  using branches = typename detail::branches_of<I>::type;
  if constexpr (detail::contains<detail::mistaken, R>) {
    return e;
  } else if constexpr (detail::length<branches> == 0) {
    diagnostics::report<diagnostics::softmax_over_no_branch<I>>();
    return detail::rejected<expr<I, R>, int>(e.ir);
  } else {
    return [&]<class... Axes>(indices<Axes...>) { return softmax(e, Axes{}...); }(branches{});
  }
}

/// The probabilities of the values of one branch, over its axis: summed over all other branches.
template <class I, class R, fixed_string Name, class Axis>
auto marginal(const expr<I, R>& e, branch_of<Name, Axis> of) {
  using branch = decltype(of);
  using others = typename detail::difference<typename detail::branches_of<I>::type, indices<branch>>::type;
  using left = typename detail::unite<
      typename detail::difference<typename detail::difference<I, others>::type, indices<branch>>::type,
      indices<Axis>>::type;
  if constexpr (detail::contains<detail::mistaken, R>) {
    return e;
  } else if constexpr (!detail::contains<branch, I>) {
    diagnostics::report<diagnostics::axis_not_in_expression<branch, I>>();
    return detail::rejected<expr<I, R>, int>(e.ir);
  } else {
    ir::Context& context = *e.ir->context;
    const ir::Expr sum = ir::make_contract(detail::ir_indices<others>(context), e.ir);
    return expr<left, R>{ir::substitute(
        sum, {{detail::ir_index<branch>(context), ir::Subscript(detail::ir_index<Axis>(context))}})};
  }
}

namespace detail {

template <class V, class I, class R>
auto make_choice(const V& a, const expr<I, R>& scores, bool drawn, const std::source_location& where) {
  using mentions = typename filter<R, is_functional>::type;
  if constexpr (contains<mistaken, R>) {
    return statement<mentions>{};
  } else if constexpr (!is_variable<V>) {
    using described = symbol_of<V>;
    diagnostics::report<
        diagnostics::chosen_is_not_a_variable<typename described::label, typename described::role>>();
    return statement<mentions>{};
  } else {
    using extra = typename difference<I, typename V::declared::axes>::type;
    if constexpr (length<extra> > 0)
      diagnostics::report<diagnostics::choice_among_other_axes<typename V::declared::label, extra>>();
    return statement<mentions>{{ir::Choose{a.tensor, scores.ir, drawn},
                                make_origin((drawn ? "draw " : "choose ") + a.tensor->name, where)}};
  }
}

}  // namespace detail

/// The variable, one_of over an axis of the scores, takes the index of the largest; the lowest among
/// equals.
template <class V, class I, class R>
auto choose(const V& a, const expr<I, R>& scores,
            const std::source_location& where = std::source_location::current()) {
  return detail::make_choice(a, scores, false, where);
}
/// The variable takes an index with these probabilities, by counter-based random numbers.
template <class V, class I, class R>
auto draw(const V& a, const expr<I, R>& probabilities,
          const std::source_location& where = std::source_location::current()) {
  return detail::make_choice(a, probabilities, true, where);
}
}  // namespace freefall

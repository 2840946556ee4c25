#pragma once
// Functionals of single elements and of single densities, and the statements that go with a family.
//
//   auto p = conditionals<"name">(x <<= density(...));   full conditionals: p(x | everything else)
//   auto F = local_free_energy(p, q)     F[i] for each element of the latent variable, each descended by its
//   own element;
//                                        couplings need not be symmetric
//   auto S = surprise(x, density(...))   -ln p(x), summed over the elements of x
//
//   natural(q, x)    the natural parameter of x under q
//   solve(F, q)      the natural parameters of q take the values at which each F[i] is stationary, in closed
//   form draw(q)          latent variables are drawn from q, by counter-based random numbers: seed and step
//   are arguments of
//                    the kernel
//   forward(q)       latent variables take their mean under q

#include "freefall/dsl/program.hpp"

namespace freefall {

/// The local functionals of one variable.
template <class Indices, class Reads, class Variable>
struct local_functional : expr<Indices, Reads> {};

namespace detail {

template <class Member>
inline constexpr bool has_natural_parameter =
    !contains<typename Member::family, types<name<"delta">, name<"categorical">, name<"exact">,
                                             name<"dirichlet">, name<"conditional">>>;

/// Whether the mean is something else than the array of the variable, which forward(q) sets it to.
template <class Member>
inline constexpr bool has_mean =
    has_natural_parameter<Member> || std::is_same_v<typename Member::family, name<"dirichlet">>;

template <class... Without>
constexpr void report_without_natural_parameter(types<Without...>) {
  using without = types<Without...>;
  if constexpr (length<without> > 0) {
    using member = typename first<without>::type;
    diagnostics::report<
        diagnostics::no_natural_parameter<typename member::variable::label, typename member::family>>();
  }
}

/// What a statement that moves the members of a family mentions.
template <class... Members>
using moves_members = reads<moved<typename Members::variable::label, typename Members::variable::axes>...>;

template <class... Members>
constexpr void check_natural_parameters(types<Members...>) {
  report_without_natural_parameter(
      typename concat<
          types<>, std::conditional_t<has_natural_parameter<Members>, types<>, types<Members>>...>::type{});
}
template <class... Members>
constexpr void check_means(types<Members...>) {
  report_without_natural_parameter(
      typename concat<types<>, std::conditional_t<has_mean<Members>, types<>, types<Members>>...>::type{});
}

template <class... Members>
std::string latent_names(const approximation<Members...>&) {
  std::string out;
  ((out += (out.empty() ? "" : ", ") + std::string(Members::variable::text)), ...);
  return out;
}

}  // namespace detail

namespace detail {
template <class Symbol>
struct natural_symbol;
template <ir::Role Role, fixed_string Name, class... Axes>
struct natural_symbol<symbol<Role, Name, Axes...>> {
  using type = symbol<ir::Role::variable, joined_name<Name, "_natural">(), Axes...>;
};
}  // namespace detail

/// The natural parameter of a variable under a family in exponential form, q =
/// family(continuous_bernoulli(x)).
template <class... Members, class V>
auto natural(const approximation<Members...>&, const V& variable) {
  using without = diagnostics::no_natural_parameter<typename detail::symbol_of<V>::label, name<"expression">>;
  if constexpr (!detail::is_variable<V>) {
    diagnostics::report<without>();
    return detail::rejected<V, int>(detail::lift(variable).ir);
  } else if constexpr (!((std::is_same_v<typename Members::variable, typename V::declared> &&
                          detail::has_natural_parameter<Members>) ||
                         ...)) {
    diagnostics::report<without>();
    return detail::rejected<V, int>(variable.ir);
  } else {
    handle<typename detail::natural_symbol<typename V::declared>::type> out;
    ir::Context& context = detail::current_context();
    out.tensor =
        context.tensor(variable.tensor->name + "_natural", variable.tensor->axes, ir::Role::variable);
    out.ir = ir::element(context, out.tensor);
    return out;
  }
}

/// F[i] = E_q(x_i)[ln q(x_i) - ln p(x_i | all others)], in nats: one number for each element of the one
/// member of q.
template <fixed_string Name, class... Factors, class... Members>
auto local_free_energy(const full_conditionals<Name, Factors...>& p, const approximation<Members...>& q,
                       const std::source_location& where = std::source_location::current()) {
  detail::check_functional<Name>(types<Factors...>{}, types<Members...>{});
  using roles = detail::roles<full_conditionals<Name, Factors...>, approximation<Members...>>;
  using latent = typename approximation<Members...>::latent;
  using symbol = detail::functional_of<Name, roles>;
  if constexpr (sizeof...(Members) != 1) {
    diagnostics::report<diagnostics::local_free_energy_of_several<name<Name>, latent>>();
    return local_functional<indices<>, reads<detail::mistaken>, void>{};
  } else {
    detail::check_natural_parameters(types<Members...>{});
    using variable = typename detail::first<latent>::type;
    const ir::Origin origin =
        detail::make_origin("local_free_energy(" + std::string(Name.view()) + ")", where);
    return local_functional<typename variable::axes, reads<symbol>, variable>{
        {detail::current_program().local_free_energy(p.position, q.position, origin)}};
  }
}
/// Refused at compile time: a joint density has one free energy.
template <fixed_string Name, class... Factors, class... Members>
auto local_free_energy(const joint<Name, Factors...>&, const approximation<Members...>&) {
  diagnostics::report<diagnostics::local_free_energy_of_joint<name<Name>>>();
  return local_functional<indices<>, reads<detail::mistaken>, void>{};
}
/// Refused at compile time: full conditionals have no free energy as a whole.
template <fixed_string Name, class... Factors, class... Members>
auto free_energy(const full_conditionals<Name, Factors...>&, const approximation<Members...>&) {
  diagnostics::report<diagnostics::free_energy_of_conditionals<name<Name>>>();
  return expr<indices<>, reads<detail::mistaken>>{};
}

/// -ln p(x) under the density, in nats, summed over the elements of x.
template <class V, fixed_string Density, class Mean, class Spread, class Reads>
auto surprise(const V& x, const detail::density_of<Density, Mean, Spread, Reads>& density) {
  const auto factor = x <<= density;
  using drawn = typename decltype(factor)::variable;
  return expr<indices<>, typename detail::merge<reads<drawn>, Reads>::type>{
      detail::current_program().surprise(factor.ir)};
}

/// Each element of q goes to the minimum of its own functional: its natural parameter.
template <class I, class R, class Variable, class... Members>
auto solve(const local_functional<I, R, Variable>& F, const approximation<Members...>&,
           const std::source_location& where = std::source_location::current()) {
  if constexpr (detail::contains<detail::mistaken, R>) {
    return statement<reads<>>{};
  } else {
    if constexpr (!detail::contains<Variable, typename approximation<Members...>::latent>) {
      diagnostics::report<diagnostics::solved_is_not_latent<typename Variable::label>>();
    }
    const std::string text = "solve for " + std::string(Variable::text);
    using mentions = typename detail::concat<R, detail::moves_members<Members...>>::type;
    return statement<mentions>{{ir::Solve{F.ir}, detail::make_origin(text, where)}};
  }
}
/// Refused at compile time: this is no local free energy.
template <class I, class R, class... Members>
auto solve(const expr<I, R>&, const approximation<Members...>&) {
  diagnostics::report<diagnostics::solve_of_no_local_functional<I>>();
  return statement<reads<>>{};
}

/// Each latent variable takes a value drawn from its q.
template <class... Members>
auto draw(const approximation<Members...>& q,
          const std::source_location& where = std::source_location::current()) {
  detail::check_natural_parameters(types<Members...>{});
  return statement<detail::moves_members<Members...>>{
      {ir::Draw{q.position}, detail::make_origin("draw " + detail::latent_names(q), where)}};
}

/// Each latent variable takes the mean of its q.
template <class... Members>
auto forward(const approximation<Members...>& q,
             const std::source_location& where = std::source_location::current()) {
  detail::check_means(types<Members...>{});
  return statement<detail::moves_members<Members...>>{
      {ir::Expect{q.position}, detail::make_origin("mean of " + detail::latent_names(q), where)}};
}

}  // namespace freefall

#pragma once
// Functionals.
//
//   auto F = free_energy(p, q);      E_q[ln q - ln p], a scalar: F / count(batch), descend(F, ...),
//   kernel<"energy">(F)
//   evidence_lower_bound(p, q)       minus that, to be maximised
//
// Every latent variable needs a factor, and every (density, family) pair that meets in a factor an
// expectation rule.

#include <boost/hana/filter.hpp>
#include <boost/hana/front.hpp>
#include <boost/hana/type.hpp>

#include "freefall/dsl/family.hpp"

namespace freefall {

/// Whether the expectation of a density is known where one of its variables has this family. Under delta it
/// is the value at the point, whatever the density. A new family specialises this beside its rules.
template <fixed_string Density, fixed_string Family>
inline constexpr bool expectation_rule = false;
/// There is a rule for the expectation of this density under this family.
template <fixed_string Density>
inline constexpr bool expectation_rule<Density, "delta"> = true;
/// There is a rule for the expectation of this density under this family.
template <>
inline constexpr bool expectation_rule<"continuous_bernoulli", "continuous_bernoulli"> = true;
/// To second order about the mean.
template <fixed_string Density>
inline constexpr bool expectation_rule<Density, "gaussian"> = true;

template <class... Names>
struct latent {};
template <class... Names>
struct observed {};
template <class... Names>
struct given {};
template <class... Names>
struct learned {};

/// The symbol of a free energy, as a type: what the statements that use it need to know. Latent: with a
/// member in the family. Observed: drawn by the model, not latent. Given: other variables, and inputs.
/// Learned: parameters.
template <fixed_string Name, class Latent, class Observed, class Given, class Learned>
struct functional {};

namespace detail {

template <class Joint, class Approximation>
struct roles {
  using hidden = typename Approximation::latent;
  using drawn = typename Joint::drawn;

  template <class Symbol>
  struct is_latent : std::bool_constant<contains<Symbol, hidden>> {};
  template <class Symbol>
  struct is_observed : std::bool_constant<contains<Symbol, drawn> && !contains<Symbol, hidden>> {};
  template <class Symbol>
  struct is_learned : std::bool_constant<Symbol::role == ir::Role::parameter> {};
  template <class Symbol>
  struct is_given : std::bool_constant<!is_latent<Symbol>::value && !is_observed<Symbol>::value &&
                                       !is_learned<Symbol>::value> {};

  /// The names of the symbols for which Keep holds, in a List.
  template <template <class...> class List, template <class> class Keep, class... Symbols>
  static auto names(reads<Symbols...>) -> typename concat<
      List<>, std::conditional_t<Keep<Symbols>::value, List<typename Symbols::label>, List<>>...>::type;
  template <template <class...> class List, template <class> class Keep>
  using all = decltype(names<List, Keep>(typename Joint::symbols{}));
};

template <fixed_string Name, class Roles>
using functional_of = functional<Name, typename Roles::template all<latent, Roles::template is_latent>,
                                 typename Roles::template all<observed, Roles::template is_observed>,
                                 typename Roles::template all<given, Roles::template is_given>,
                                 typename Roles::template all<learned, Roles::template is_learned>>;

template <fixed_string Density, fixed_string Family>
consteval bool has_rule(name<Density>, name<Family>) {
  return expectation_rule<Density, Family>;
}
/// A factor and a latent variable that occurs in it, without a rule for the pair.
template <class Factor, class Member>
inline constexpr bool lacks_rule = (std::is_same_v<typename Member::variable, typename Factor::variable> ||
                                    contains<typename Member::variable, typename Factor::parents>) &&
                                   !has_rule(typename Factor::density{}, typename Member::family{});

/// The rules broken by a model and a family, as classes of diagnostics.
template <class Factor, class... Members>
using lacking = typename concat<
    types<>, std::conditional_t<
                 lacks_rule<Factor, Members>,
                 types<std::type_identity<diagnostics::no_expectation_rule<
                     typename Members::variable::label, typename Factor::density, typename Members::family>>>,
                 types<>>...>::type;

template <fixed_string Name, class... Factors, class... Members>
constexpr void check_functional(types<Factors...>, types<Members...>) {
  using drawn = types<typename Factors::variable...>;
  constexpr auto undrawn = [](auto member) {
    return hana::bool_c<!contains<typename decltype(member)::type::variable, drawn>>;
  };
  using orphans = decltype(hana::filter(hana::tuple_t<Members...>, undrawn));
  using without_rule = typename concat<types<>, lacking<Factors, Members...>...>::type;
  if constexpr (!std::is_same_v<orphans, hana::tuple<>>) {
    using orphan = typename decltype(+hana::front(orphans{}))::type::variable;
    diagnostics::report<diagnostics::latent_without_factor<typename orphan::label, name<Name>>>();
  } else if constexpr (length<without_rule> > 0) {
    diagnostics::report<typename first<without_rule>::type::type>();
  }
}

}  // namespace detail

/// F = E_q[ln q - ln p], in nats, summed over all copies; a scalar expression. What q has no member for is
/// given. Checked at compile time.
template <fixed_string Name, class... Factors, class... Members>
auto free_energy(const joint<Name, Factors...>& p, const approximation<Members...>& q,
                 const std::source_location& where = std::source_location::current()) {
  detail::check_functional<Name>(types<Factors...>{}, types<Members...>{});
  using roles = detail::roles<joint<Name, Factors...>, approximation<Members...>>;
  using symbol = detail::functional_of<Name, roles>;
  const ir::Origin origin = detail::make_origin("free_energy(" + std::string(Name.view()) + ")", where);
  return expr<indices<>, reads<symbol>>{
      detail::current_program().free_energy(p.position, q.position, origin)};
}
/// Minus the free energy: to be maximised.
template <fixed_string Name, class... Factors, class... Members>
auto evidence_lower_bound(const joint<Name, Factors...>& p, const approximation<Members...>& q,
                          const std::source_location& where = std::source_location::current()) {
  detail::check_functional<Name>(types<Factors...>{}, types<Members...>{});
  using roles = detail::roles<joint<Name, Factors...>, approximation<Members...>>;
  using symbol = detail::functional_of<Name, roles>;
  const ir::Origin origin =
      detail::make_origin("evidence_lower_bound(" + std::string(Name.view()) + ")", where);
  return expr<indices<>, reads<symbol>>{
      detail::current_program().evidence_lower_bound(p.position, q.position, origin)};
}

}  // namespace freefall

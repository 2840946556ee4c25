#pragma once
// Families: the variational density. A variable with a member is latent; one without is given.
//
//   auto q = family(delta(h));            delta takes variables, or groups of them
//   auto q = family(member<"delta">(h));  the same: families are rows of the family table of the compiler

#include "freefall/dsl/density.hpp"

namespace freefall {

template <class Density, class Symbol, fixed_string Family>
struct member_or_density;

template <fixed_string Family, class Symbol>
struct member_of {
  using variable = Symbol;
  using family = name<Family>;
  ir::Family::Member ir;
};

/// A variational density as a type; at run time, its position in the program.
template <class... Members>
struct approximation {
  using members = types<Members...>;
  using latent = types<typename Members::variable...>;
  std::size_t position = 0;
};

namespace detail {

template <class T>
struct is_no_member : std::true_type {};
template <fixed_string Family, class Symbol>
struct is_no_member<member_of<Family, Symbol>> : std::false_type {};
template <class Density, class Symbol, fixed_string Family>
struct is_no_member<member_or_density<Density, Symbol, Family>> : std::false_type {};

template <fixed_string Family, class V>
auto make_member(const V& v, const std::source_location& where) {
  if constexpr (!is_variable<V>) {
    using described = symbol_of<V>;
    diagnostics::report<
        diagnostics::member_is_not_a_variable<typename described::label, typename described::role>>();
    return hana::tuple<>{};
  } else if constexpr (Family.view() == "gaussian" && length<own_axes<typename V::declared::axes>> > 1) {
    diagnostics::report<diagnostics::gaussian_over_several_axes<typename V::declared::label,
                                                                own_axes<typename V::declared::axes>>>();
    return hana::tuple<>{};
  } else {
    const std::string text = std::string(Family.view()) + "(" + v.tensor->name + ")";
    return member_of<Family, typename V::declared>{
        {v.tensor, std::string(Family.view()), make_origin(text, where)}};
  }
}

template <fixed_string Family>
struct member_declaration {
  template <class V>
  auto operator()(const V& v, const std::source_location& where = std::source_location::current()) const {
    return make_member<Family>(v, where);
  }
  template <int First, class... Vs>
  auto operator()(const group<First, Vs...>& vs,
                  const std::source_location& where = std::source_location::current()) const {
    return hana::unpack(vs.items,
                        [&](const auto&... v) { return flatten(make_member<Family>(v, where)...); });
  }
};

}  // namespace detail

/// `member<"name">(x)`: a member by the name of its family.
template <fixed_string Family>
inline constexpr detail::member_declaration<Family> member{};

/// All mass at one point: the expectation is the value there.
inline constexpr detail::member_declaration<"delta"> delta{};

/// continuous_bernoulli(x) of a variable x: a member with independent elements, each with a natural parameter
/// of its own. Where a density is wanted, x is the natural parameter.
template <class Density, class Symbol, fixed_string Family>
struct member_or_density : Density, member_of<Family, Symbol> {};
/// The member of x whose elements are continuous Bernoulli, each with a natural parameter of its own.
template <class Symbol>
  requires(Symbol::role == ir::Role::variable)
auto continuous_bernoulli(const handle<Symbol>& x,
                          const std::source_location& where = std::source_location::current()) {
  const auto density =
      continuous_bernoulli(expr<typename Symbol::axes, detail::reads_of<handle<Symbol>>>(x), where);
  const auto member = detail::make_member<"continuous_bernoulli">(x, where);
  return member_or_density<std::remove_const_t<decltype(density)>, Symbol, "continuous_bernoulli">{density,
                                                                                                   member};
}

/// Normal (Laplace): the mean is the variable itself, the precision the state `precision(q, x)`. Expectations
/// are taken to second order, exact for quadratics; the entropy is kept.
inline constexpr detail::member_declaration<"gaussian"> gaussian{};

namespace detail {

/// The symbol of the precision that goes with a variable: the axes of the variable, its own axis again.
template <class Symbol, class Own>
struct precision_symbol;
template <ir::Role Role, fixed_string Name, class... Axes, class... Own>
struct precision_symbol<symbol<Role, Name, Axes...>, indices<Own...>> {
  using type =
      symbol<ir::Role::state, joined_name<Name, "_precision">(), Axes..., typename exchange<Own>::type...>;
};

template <class Member, class Symbol>
struct is_normal_member : std::false_type {};
template <class Symbol>
struct is_normal_member<member_of<"gaussian", Symbol>, Symbol> : std::true_type {};

/// The family that was meant where an argument is no member.
template <class T>
struct meant {
  using type = approximation<>;
};
template <class Symbol>
struct meant<handle<Symbol>> {
  using type = approximation<member_of<"delta", Symbol>>;
};
template <fixed_string Family, class Symbol>
struct meant<member_of<Family, Symbol>> {
  using type = approximation<member_of<Family, Symbol>>;
};
template <class... Ts>
auto family_meant(types<Ts...>) {
  return typename concat<approximation<>, typename meant<Ts>::type...>::type{};
}

struct make_family {
  template <class... Members>
  auto operator()(const Members&... members) const {
    ir::Program& program = current_program();
    program.families.push_back({{members.ir...}});
    return approximation<Members...>{program.families.size() - 1};
  }
};
}  // namespace detail

/// family(members...): members, groups and Hana tuples of them.
template <class... Args>
auto family(const Args&... args) {
  using strangers = typename detail::filter<detail::elements<Args...>, detail::is_no_member>::type;
  if constexpr (detail::length<strangers> > 0) {
    using stranger = typename detail::first<strangers>::type;
    diagnostics::report<diagnostics::not_a_member<typename detail::symbol_of<stranger>::label>>();
    return detail::family_meant(detail::elements<Args...>{});
  } else {
    const auto result = hana::unpack(detail::flatten(args...), detail::make_family{});
    using latent = typename decltype(result)::latent;
    constexpr std::size_t twice = detail::first_duplicate(latent{});
    if constexpr (twice < detail::length<latent>) {
      using offender = typename detail::nth<twice, latent>::type;
      diagnostics::report<diagnostics::member_twice<typename offender::label>>();
    }
    return result;
  }
}

namespace detail {
/// The precision of a normal density about the symbol.
template <class Symbol>
auto precision_about(const handle<Symbol>& mean) {
  handle<typename precision_symbol<Symbol, own_axes<typename Symbol::axes>>::type> out;
  ir::Context& context = current_context();
  out.tensor = ir::precision_of(context, mean.tensor);
  out.ir = ir::element(context, out.tensor);
  return out;
}
}  // namespace detail

/// The precision of a variable under q = family(gaussian(x), ...): a matrix over the axis of x, or a scalar;
/// precision(q, previous(x)) is that at the previous tick.
template <class... Members, class V>
auto precision(const approximation<Members...>&, const V& variable) {
  if constexpr (!detail::is_variable<V>) {
    diagnostics::report<diagnostics::precision_of_no_gaussian<typename detail::symbol_of<V>::label>>();
    return detail::rejected<V, int>(detail::lift(variable).ir);
  } else if constexpr (!(detail::is_normal_member<Members, typename V::declared>::value || ...)) {
    diagnostics::report<diagnostics::precision_of_no_gaussian<typename V::declared::label>>();
    return detail::rejected<V, int>(variable.ir);
  } else {
    return detail::precision_about(variable);
  }
}

}  // namespace freefall

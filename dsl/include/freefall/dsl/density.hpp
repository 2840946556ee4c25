#pragma once
// Densities and models.
//
//   h <<= normal(mean)                 unit variance
//   h <<= normal(mean, precision(e))   also variance(e): a scalar, or a value for each element
//   h <<= normal(mean, precision(P))   also covariance(P): a matrix P(hidden, hidden.prime())
//   h <<= gibbs(energy)                p(h) = exp(-energy) / Z by an energy of your own
//   auto p = model<"net">(factors...); the joint density: one factor for each random variable
//
// A mean has axes of its variable, or fewer (then it is the same along the others); so has a spread. Further
// densities are rows of the density table of the compiler and a function here that returns a
// detail::density_of.

#include <array>
#include <boost/hana/unpack.hpp>
#include <source_location>
#include <string>

#include "freefall/dsl/layers.hpp"
#include "freefall/dsl/variable.hpp"

namespace freefall {
namespace detail {

/// How far a variable is from its mean: Kind is "precision", "variance" or "covariance".
template <fixed_string Kind, class Indices, class Reads>
struct spread {
  ir::Expr ir;
};

/// The default spread: one.
using unit_spread = spread<"precision", indices<>, reads<>>;

/// Density is a row of the table of densities; Reads is what its arguments depend on.
template <fixed_string Density, class Mean, class Spread, class Reads>
struct density_of {
  std::vector<ir::NamedExpr> arguments;
  std::source_location where;
  std::vector<const ir::Tensor*> marginalised = {};
  bool linearised = false;
};

/// Whether no axis stands twice.
template <class... Axes>
consteval bool spread_axes_differ(indices<Axes...>) {
  const auto once = []<class Axis>(Axis) { return (std::size_t{std::is_same_v<Axis, Axes>} + ... + 0) == 1; };
  return (once(Axes{}) && ...);
}

template <class Variable, fixed_string Kind, class Indices, class Reads>
consteval bool spread_fits(spread<Kind, Indices, Reads>*) {
  using extra = typename difference<Indices, typename Variable::axes>::type;
  if constexpr (length<extra> == 0) {
    return Kind.view() != "covariance";
  } else if constexpr (length<extra> == 1 && Kind.view() != "variance") {
    using second = typename first<extra>::type;
    return second::level > 0 && contains<typename exchange<second>::type, Indices>;
  } else {
    return false;
  }
}

/// A product of spreads, each along axes of its own.
template <class Reads, class... Spreads>
struct kronecker {
  std::vector<ir::NamedExpr> arguments;
};

template <class T>
inline constexpr bool spread_like = false;
template <fixed_string Kind, class Indices, class Reads>
inline constexpr bool spread_like<spread<Kind, Indices, Reads>> = true;
template <class T>
concept is_spread = spread_like<T>;

template <class Spread>
struct reads_of_spread;
template <fixed_string Kind, class Indices, class Reads>
struct reads_of_spread<spread<Kind, Indices, Reads>> {
  using type = Reads;
  using axes = Indices;
};
template <class Spread>
using spread_reads = typename reads_of_spread<Spread>::type;
template <fixed_string Kind, class Indices, class Reads>
ir::NamedExpr spread_argument(const spread<Kind, Indices, Reads>& s) {
  return {std::string(Kind.view()), s.ir};
}

/// Each part fits, and no two have an axis in common.
template <class Variable, class Reads, class... Spreads>
consteval bool spread_fits(kronecker<Reads, Spreads...>*) {
  using all = typename concat<indices<>, typename reads_of_spread<Spreads>::axes...>::type;
  return spread_axes_differ(all{}) && (spread_fits<Variable>(static_cast<Spreads*>(nullptr)) && ...);
}
template <class Reads, class... Spreads>
auto spread_axes(kronecker<Reads, Spreads...>*) ->
    typename concat<indices<>, typename reads_of_spread<Spreads>::axes...>::type;
template <class Reads, class... Spreads>
name<"kron"> spread_kind(kronecker<Reads, Spreads...>*);

template <fixed_string Kind, class Indices, class Reads>
Indices spread_axes(spread<Kind, Indices, Reads>*);
template <fixed_string Kind, class Indices, class Reads>
name<Kind> spread_kind(spread<Kind, Indices, Reads>*);

}  // namespace detail

/// The second argument of normal is an inverse variance: over axes of the variable, or a symmetric positive
/// definite matrix over one of them and the same primed.
template <detail::term E>
auto precision(const E& e) {
  return detail::spread<"precision", detail::axes_of<E>, detail::reads_of<E>>{detail::lift(e).ir};
}
/// The second argument of normal is a variance, over axes of the variable.
template <detail::term E>
auto variance(const E& e) {
  return detail::spread<"variance", detail::axes_of<E>, detail::reads_of<E>>{detail::lift(e).ir};
}
/// The second argument of normal is a covariance: a symmetric positive definite matrix over one axis of the
/// variable and the same primed.
template <detail::term E>
auto covariance(const E& e) {
  return detail::spread<"covariance", detail::axes_of<E>, detail::reads_of<E>>{detail::lift(e).ir};
}

/// `x <<= normal(mean)`: independent elements with variance 1; -ln p = (x - mean)^2 / 2 + ln(2 pi) / 2
/// each.
template <detail::term M>
auto normal(const M& mean, const std::source_location& where = std::source_location::current()) {
  return detail::density_of<"normal", detail::axes_of<M>, detail::unit_spread, detail::reads_of<M>>{
      {{"mean", detail::lift(mean).ir}}, where};
}
/// `x <<= normal(mean, precision(P))`, `variance(e)` or `covariance(S)`; -ln p with every constant, in
/// nats. The mean has axes of x only.
template <detail::term M, fixed_string Kind, class I, class R>
auto normal(const M& mean, const detail::spread<Kind, I, R>& spread,
            const std::source_location& where = std::source_location::current()) {
  using reads = typename detail::merge<detail::reads_of<M>, R>::type;
  return detail::density_of<"normal", detail::axes_of<M>, detail::spread<Kind, I, R>, reads>{
      {{"mean", detail::lift(mean).ir}, {std::string(Kind.view()), spread.ir}}, where};
}
/// Refused at compile time: the second argument does not say what it is.
template <detail::term M, detail::term S>
auto normal(const M& mean, const S&) {
  diagnostics::report<diagnostics::spread_without_kind<typename detail::symbol_of<S>::label>>();
  return normal(mean);
}

/// continuous_bernoulli(b): p(s) = exp(b s) / (2 sinhc b) on [-1, 1], by its natural parameter.
template <detail::term B>
auto continuous_bernoulli(const B& natural,
                          const std::source_location& where = std::source_location::current()) {
  return detail::density_of<"continuous_bernoulli", detail::axes_of<B>, detail::unit_spread,
                            detail::reads_of<B>>{{{"natural", detail::lift(natural).ir}}, where};
}

/// gibbs(E): p(x) = exp(-E) / Z by its energy E in nats, one number for each element of x, written in x
/// itself and its parents. Z is left out, with an entry in the ledger: do not learn what Z depends on.
template <detail::term E>
auto gibbs(const E& energy, const std::source_location& where = std::source_location::current()) {
  return detail::density_of<"gibbs", detail::axes_of<E>, detail::unit_spread, detail::reads_of<E>>{
      {{"energy", detail::lift(energy).ir}}, where};
}

/// The density with its mean linearised about the means of the latent variables: first derivatives stay,
/// second ones become those of Gauss and Newton. With newton() and gaussian(x): the iterated extended Kalman
/// filter.
template <fixed_string Density, class Mean, class Spread, class Reads>
auto linearised(detail::density_of<Density, Mean, Spread, Reads> density) {
  density.linearised = true;
  return density;
}

/// The density after a parent is integrated out that is itself normal, with its mean at the parent's value:
/// of the previous state, the one-step prediction (the Kalman filter's prediction step). Exact where the mean
/// is affine in the parent; else the mean is linearised, as in the extended Kalman filter.
template <fixed_string Density, class Mean, class Spread, class Reads, class P>
auto marginal(detail::density_of<Density, Mean, Spread, Reads> density, const P& parent) {
  if constexpr (!detail::is_handle<P>) {
    diagnostics::report<diagnostics::marginal_over_no_parent<typename detail::symbol_of<P>::label>>();
  } else if constexpr (!detail::contains<typename P::declared, Reads>) {
    diagnostics::report<diagnostics::marginal_over_no_parent<typename P::declared::label>>();
  } else {
    static_cast<void>(ir::precision_of(detail::current_context(), parent.tensor));
    density.marginalised.push_back(parent.tensor);
  }
  return density;
}

/// Noise that is correlated along several axes, each with a matrix of its own: kron(covariance(S),
/// precision(P)).
template <detail::is_spread... Spreads>
auto kron(const Spreads&... spreads) {
  using reads = typename detail::merge<freefall::reads<>, detail::spread_reads<Spreads>...>::type;
  return detail::kronecker<reads, Spreads...>{{detail::spread_argument(spreads)...}};
}
/// `x <<= normal(mean, kron(covariance(S), precision(P)))`: a Kronecker product of matrices over axes of
/// their own.
template <detail::term M, class R, class... Spreads>
auto normal(const M& mean, const detail::kronecker<R, Spreads...>& spread,
            const std::source_location& where = std::source_location::current()) {
  using reads = typename detail::merge<detail::reads_of<M>, R>::type;
  std::vector<ir::NamedExpr> arguments{{"mean", detail::lift(mean).ir}};
  arguments.insert(arguments.end(), spread.arguments.begin(), spread.arguments.end());
  return detail::density_of<"normal", detail::axes_of<M>, detail::kronecker<R, Spreads...>, reads>{arguments,
                                                                                                   where};
}

/// `variable <<= density(...)`: Symbol is drawn from Density, whose arguments read Reads.
template <class Symbol, fixed_string Density, class Reads>
struct factor {
  using variable = Symbol;
  using parents = typename detail::timeless<Reads>::type;
  using present_parents = typename detail::present<Reads>::type;
  using density = name<Density>;
  ir::Factor ir;
};

template <detail::symbolic V, fixed_string Density, class Mean, class Spread, class Reads>
auto operator<<=(const V& variable, const detail::density_of<Density, Mean, Spread, Reads>& density) {
  using described = detail::symbol_of<V>;
  if constexpr (!detail::is_variable<V>) {
    diagnostics::report<
        diagnostics::drawn_is_not_a_variable<typename described::label, typename described::role>>();
    return factor<symbol<ir::Role::variable, "rejected">, Density, Reads>{};
  } else {
    using drawn = typename V::declared;
    constexpr Spread* spread = nullptr;
    if constexpr (detail::contains<detail::mistaken, Reads> ||
                  detail::axes_are_mistaken<drawn::role, typename drawn::declared_axes>) {
      // Reported where it was written.
    } else if constexpr (!detail::subset<Mean, typename drawn::axes>) {
      using extra = typename detail::difference<Mean, typename drawn::axes>::type;
      diagnostics::report<diagnostics::argument_has_an_axis_the_variable_lacks<typename drawn::label,
                                                                               name<Density>, extra>>();
    } else if constexpr (!std::is_same_v<Spread, detail::unit_spread> &&
                         !detail::spread_fits<drawn>(spread)) {
      using kind = decltype(detail::spread_kind(spread));
      using axes = decltype(detail::spread_axes(spread));
      diagnostics::report<diagnostics::spread_does_not_fit<typename drawn::label, kind, axes>>();
    }
    // An energy reads the variable it is of, which is no parent of itself.
    using parents = std::conditional_t<Density.view() == "gibbs",
                                       typename detail::difference<Reads, reads<drawn>>::type, Reads>;
    factor<drawn, Density, parents> out;
    out.ir.variable = variable.tensor;
    out.ir.density = Density.view();
    out.ir.arguments = density.arguments;
    out.ir.marginalised = density.marginalised;
    out.ir.linearised = density.linearised;
    out.ir.origin =
        detail::make_origin(variable.tensor->name + " <<= " + std::string(Density.view()), density.where);
    return out;
  }
}

/// A joint density as a type; at run time, its position in the program.
template <fixed_string Name, class... Factors>
struct joint {
  using factors = types<Factors...>;
  using drawn = types<typename Factors::variable...>;
  /// Everything the factors draw or read.
  using symbols =
      typename detail::difference<typename detail::merge<reads<>, reads<typename Factors::variable>...,
                                                         typename Factors::parents...>::type,
                                  reads<detail::mistaken>>::type;
  std::size_t position = 0;
};

/// Full conditionals as a type.
template <fixed_string Name, class... Factors>
struct full_conditionals {
  using factors = types<Factors...>;
  using drawn = typename joint<Name, Factors...>::drawn;
  using symbols = typename joint<Name, Factors...>::symbols;
  std::size_t position = 0;
};

namespace detail {

template <class T>
struct is_no_factor : std::true_type {};
template <class Symbol, fixed_string Density, class Reads>
struct is_no_factor<factor<Symbol, Density, Reads>> : std::false_type {};

/// The joint of what are factors among the arguments.
template <fixed_string Name, class... Ts>
auto joint_of(types<Ts...>) {
  return []<class... Factors>(types<Factors...>) {
    return joint<Name, Factors...>{};
  }(typename concat<types<>, std::conditional_t<is_no_factor<Ts>::value, types<>, types<Ts>>...>::type{});
}

template <std::size_t N>
struct cycle_result {
  std::array<std::size_t, N> members{};
  std::size_t length = 0;
};

/// The factors of a cycle: those that reach each other through what they read.
template <class... Factors>
consteval auto find_cycle(types<Factors...>) {
  constexpr std::size_t n = sizeof...(Factors);
  std::array<std::array<bool, n>, n> reaches{};
  std::size_t row = 0;
  const auto fill = [&]<class Parents>(Parents) {
    reaches[row++] = {contains<typename Factors::variable, Parents>...};
  };
  (fill(typename Factors::present_parents{}), ...);
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) reaches[i][j] = reaches[i][j] || (reaches[i][k] && reaches[k][j]);
    }
  }
  cycle_result<n> out;
  for (std::size_t i = 0; i < n && out.length == 0; ++i) {
    if (!reaches[i][i]) continue;
    for (std::size_t j = 0; j < n; ++j) {
      if (reaches[i][j] && reaches[j][i]) out.members[out.length++] = j;
    }
  }
  return out;
}

template <class Factors, std::size_t... Is>
consteval auto cycle_rule(std::index_sequence<Is...>) {
  constexpr auto found = find_cycle(Factors{});
  using rule = diagnostics::cycle<typename nth<found.members[Is], Factors>::type::variable::label...>;
  return std::type_identity<rule>{};
}

template <fixed_string Name, template <fixed_string, class...> class Kind = joint>
struct model_declaration {
  static constexpr bool is_joint = std::is_same_v<Kind<Name>, joint<Name>>;

  template <class... Args>
  auto operator()(const Args&... args) const {
    diagnostics::check_name<Name>();
    using arguments = elements<Args...>;
    using strangers = typename filter<arguments, is_no_factor>::type;
    if constexpr (length<strangers> > 0) {
      using stranger = typename first<strangers>::type;
      diagnostics::report<diagnostics::not_a_factor<name<Name>, typename symbol_of<stranger>::label>>();
      return joint_of<Name>(arguments{});
    } else {
      const auto result = hana::unpack(flatten(args...), make{});
      using drawn = typename decltype(result)::drawn;
      using symbols = typename decltype(result)::symbols;
      constexpr std::size_t renamed = first_duplicate(symbols{});
      constexpr std::size_t twice = first_duplicate(drawn{});
      if constexpr (renamed < length<symbols>) {
        using offender = typename nth<renamed, symbols>::type;
        diagnostics::report<diagnostics::declared_twice<typename offender::label>>();
      } else if constexpr (twice < length<drawn>) {
        using offender = typename nth<twice, drawn>::type;
        diagnostics::report<diagnostics::drawn_twice<typename offender::label>>();
      } else if constexpr (!is_joint) {
        // Each conditional may read all other variables.
      } else if constexpr (constexpr auto cyclic = find_cycle(arguments{}); cyclic.length > 0) {
        using rule = decltype(cycle_rule<arguments>(std::make_index_sequence<cyclic.length>{}));
        diagnostics::report<typename rule::type>();
      }
      return result;
    }
  }

 private:
  struct make {
    template <class... Factors>
    auto operator()(const Factors&... factors) const {
      ir::Program& program = current_program();
      ir::Model model{std::string(Name.view()), {factors.ir...}, is_joint};
      for (const ir::Factor& f : model.factors) {
        for (const auto& [label, value] : f.arguments) claim(f.origin, {value});
      }
      program.models.push_back(std::move(model));
      return Kind<Name, Factors...>{program.models.size() - 1};
    }
  };
};

}  // namespace detail

/// conditionals<"name">(factors...): the density of each variable given everything else, without the claim
/// that a joint density has them.
template <fixed_string Name>
inline constexpr detail::model_declaration<Name, full_conditionals> conditionals{};

/// model<"pcn">(factors...): factors, groups and Hana tuples of them.
template <fixed_string Name>
inline constexpr detail::model_declaration<Name> model{};

}  // namespace freefall

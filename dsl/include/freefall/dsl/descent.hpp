#pragma once
// Descents: how a functional falls.
//
//   descend(F, targets..., method)     all targets move at once, by gradients taken at the same state
//   rate(0.1)                          Euler steps of this size
//   sgd(rate)                          steepest descent for parameters
//   momentum(rate, momentum)           heavy ball
//   moving_frame(D, rate)              dx/dt = D x - dF/dx in generalised coordinates (motion.hpp)
//   newton(), newton(rate)             Newton's step by the derived Hessian, over the one axis of the target
//   that is
//                                      no plate; the Hessian must be positive definite
//   adam(rate, beta1, beta2, epsilon)  Kingma and Ba 2015
//   descend(F, W, method, presynaptic(x))   modified: see presynaptic
//   gradient(F, x)                     dF/dx as an expression, also where x is given
//
// A setting is a number or a scalar expression, such as an input given at run time. Targets are latent
// variables and parameters the functional contains, or groups of them.

#include <boost/hana/back.hpp>
#include <boost/hana/drop_back.hpp>

#include "freefall/dsl/functional.hpp"
#include "freefall/dsl/motion.hpp"

namespace freefall {

/// What a statement knows of itself at compile time: the models and functionals it names, what it predicts
/// (as `predicted<name<"x">>`) and what it descends (as `name<"h">`).
template <class Mentions>
struct statement {
  using mentions = Mentions;
  ir::Statement ir;
};

namespace detail {

struct method {
  ir::Descent ir;
  std::source_location where;
};

/// What presynaptic(x) gives.
struct presynaptic_modifier {
  const ir::Tensor* activity = nullptr;
};

template <class T>
struct is_modifier : std::is_same<T, presynaptic_modifier> {};
template <class T>
struct is_no_modifier : std::bool_constant<!is_modifier<T>::value> {};
template <class T>
struct is_target : std::bool_constant<!std::is_same_v<T, method> && !is_modifier<T>::value> {};

/// The last argument is the method, and the only one.
template <class... Args>
consteval bool method_is_last(types<Args...>) {
  std::size_t methods = 0;
  bool last = false;
  ((last = std::is_same_v<Args, method>, methods += last), ...);
  return last && methods == 1;
}
template <class Arguments>
inline constexpr bool ends_with_method = method_is_last(Arguments{});

/// At most one modifier, after everything else.
template <class... Args>
consteval bool ends_with_modifier(types<Args...>, std::size_t modifiers) {
  bool last = false;
  ((last = is_modifier<Args>::value), ...);
  return modifiers == 0 || (modifiers == 1 && last);
}

template <class T>
inline constexpr bool is_free = false;
template <class Symbol>
inline constexpr bool is_free<handle<Symbol>> =
    Symbol::role == ir::Role::variable || Symbol::role == ir::Role::parameter;

template <fixed_string Setting, class E>
ir::NamedExpr setting(const E& e) {
  if constexpr (length<axes_of<E>> > 0) {
    diagnostics::report<diagnostics::setting_is_not_scalar<name<Setting>, axes_of<E>>>();
  }
  return {std::string(Setting.view()), lift(e).ir};
}

/// A variable or parameter a statement moves, by name, and its axes.
template <class Name, class Axes>
struct moved {};
template <class Target>
struct move_of {
  using type = reads<>;
};
template <class Symbol>
struct move_of<handle<Symbol>> {
  using type = reads<moved<typename Symbol::label, typename Symbol::axes>>;
};
template <class Targets>
struct moves_of;
template <class... Targets>
struct moves_of<types<Targets...>> : concat<reads<>, typename move_of<Targets>::type...> {};

/// A variable a statement predicts, by name.
template <class Name>
struct predicted {};

/// The natural parameters of latent variables, by name.
template <class Latent>
struct naturals_of;
template <fixed_string... Names>
struct naturals_of<latent<name<Names>...>> {
  using type = latent<name<joined_name<Names, "_natural">()>...>;
};

/// Whether an expression that reads Read changes with Target; Given: whether it would, were Target latent.
template <class Target, class Read>
struct reaches {
  static constexpr bool value = std::is_same_v<Target, Read>, given = false;
};
template <class Target, fixed_string Name, class Latent, class Observed, class Given, class Learned>
struct reaches<Target, functional<Name, Latent, Observed, Given, Learned>> {
  using label = typename Target::label;
  static constexpr bool value = contains<label, Latent> || contains<label, Learned>;
  static constexpr bool given = contains<label, Observed> || contains<label, Given> ||
                                contains<label, typename naturals_of<Latent>::type>;
};

template <class Target, class... Read>
constexpr void check_target(reads<Read...>) {
  using described = symbol_of<Target>;
  using label = typename described::label;
  if constexpr (!is_free<Target>) {
    diagnostics::report<diagnostics::target_is_not_free<label, typename described::role>>();
  } else if constexpr (!(reaches<typename Target::declared, Read>::value || ...)) {
    if constexpr ((reaches<typename Target::declared, Read>::given || ...)) {
      diagnostics::report<diagnostics::target_is_given<label>>();
    } else {
      diagnostics::report<diagnostics::target_not_in_functional<label>>();
    }
  }
}

template <class Target, class Symbol>
struct reaches<Target, earlier<Symbol>> : reaches<Target, Symbol> {};

/// Whether an expression that reads these changes with the symbol, given ones included.
template <class Target, class Reads>
struct reached_by;
template <class Target, class... Read>
struct reached_by<Target, reads<Read...>>
    : std::bool_constant<((reaches<Target, Read>::value || reaches<Target, Read>::given) || ...)> {};

template <class... Targets>
constexpr void check_twice(types<Targets...>) {
  if constexpr ((is_handle<Targets> && ...)) {
    using targets = types<typename Targets::declared...>;
    constexpr std::size_t twice = first_duplicate(targets{});
    if constexpr (twice < length<targets>) {
      diagnostics::report<diagnostics::target_twice<typename nth<twice, targets>::type::label>>();
    }
  }
}

/// Whether a statement can be made of the targets.
template <class Targets>
inline constexpr bool can_descend = false;
template <class... Targets>
inline constexpr bool can_descend<types<Targets...>> = sizeof...(Targets) > 0 && (is_handle<Targets> && ...);

/// Reports what is wrong with the targets, if anything.
template <class I, class R, class... Targets>
constexpr void check_descend(types<Targets...> all) {
  if constexpr (length<I> > 0) {
    diagnostics::report<diagnostics::functional_is_not_scalar<I>>();
  } else if constexpr (sizeof...(Targets) == 0) {
    diagnostics::report<diagnostics::descend_without_target<R>>();
  } else if constexpr (!contains<mistaken, R>) {
    (check_target<Targets>(R{}), ...);
    check_twice(all);
  }
}

template <class T>
struct is_functional : std::false_type {};
template <fixed_string Name, class Latent, class Observed, class Given, class Learned>
struct is_functional<functional<Name, Latent, Observed, Given, Learned>> : std::true_type {};

struct make_descend {
  ir::Expr objective;
  const method& how;
  const ir::Tensor* presynaptic = nullptr;

  template <class... Targets>
  ir::Statement operator()(const Targets&... targets) const {
    std::vector<const ir::Tensor*> tensors{targets.tensor...};
    std::string text;
    for (const ir::Tensor* t : tensors) text += (text.empty() ? "descend " : ", ") + t->name;
    const ir::Origin origin = make_origin(text, how.where);
    claim(origin, {objective});
    for (const auto& [label, value] : how.ir.settings) claim(origin, {value});
    return {ir::Descend{objective, std::move(tensors), how.ir, presynaptic}, origin};
  }
};

}  // namespace detail

/// Euler: x -= rate dF/dx.
template <detail::term E>
detail::method rate(const E& rate, const std::source_location& where = std::source_location::current()) {
  return {{"euler", {detail::setting<"rate">(rate)}}, where};
}
/// The same for parameters: W -= rate dF/dW.
template <detail::term E>
detail::method sgd(const E& rate, const std::source_location& where = std::source_location::current()) {
  return {{"sgd", {detail::setting<"rate">(rate)}}, where};
}
/// Newton's step: x -= (d2F/dx2)^-1 dF/dx, a matrix over one axis of x for each of its copies.
inline detail::method newton(const std::source_location& where = std::source_location::current()) {
  return {{"newton", {}}, where};
}
/// A part of Newton's step: x -= rate (d2F/dx2)^-1 dF/dx.
template <detail::term E>
detail::method newton(const E& rate, const std::source_location& where = std::source_location::current()) {
  return {{"newton", {detail::setting<"rate">(rate)}}, where};
}
/// dx/dt = D x - dF/dx by Euler steps of this length: D = shift(order).
template <axis_like Axis, detail::term E>
detail::method moving_frame(const shift_operator<Axis>&, const E& rate,
                            const std::source_location& where = std::source_location::current()) {
  return {{"moving_frame", {detail::setting<"rate">(rate), {"orders", count(Axis{}).ir}}}, where};
}
/// v = momentum v + dF/dW, W -= rate v (Polyak 1964).
template <detail::term E, detail::term M = double>
detail::method momentum(const E& rate, const M& momentum = 0.9,
                        const std::source_location& where = std::source_location::current()) {
  return {{"momentum", {detail::setting<"rate">(rate), detail::setting<"momentum">(momentum)}}, where};
}
/// Adam (Kingma and Ba 2015, algorithm 1), with corrections for the first steps.
template <detail::term E, detail::term A = double, detail::term B = double, detail::term C = double>
detail::method adam(const E& rate, const A& beta1 = 0.9, const B& beta2 = 0.999, const C& epsilon = 1e-8,
                    const std::source_location& where = std::source_location::current()) {
  return {{"adam",
           {detail::setting<"rate">(rate), detail::setting<"beta1">(beta1), detail::setting<"beta2">(beta2),
            detail::setting<"epsilon">(epsilon)}},
          where};
}

/// Modifies a rule: the activity that a parameter multiplies in F is read from x instead, after
/// differentiation. The rule is then not a gradient of F, and reported so.
template <class X>
detail::presynaptic_modifier presynaptic(const X& x) {
  if constexpr (!detail::is_variable<X>) {
    using described = detail::symbol_of<X>;
    diagnostics::report<
        diagnostics::presynaptic_is_not_a_variable<typename described::label, typename described::role>>();
    return {};
  } else {
    return {x.tensor};
  }
}

/// dF/dx as an expression over the axes of x, which may be a variable, given or latent, a parameter or an
/// input. After hold(predictions(p)) it is the derivative with held predictions, like the rules there.
template <class I, class R, class Symbol>
auto gradient(const expr<I, R>& objective, const handle<Symbol>& x) {
  using reached = detail::reached_by<Symbol, R>;
  if constexpr (detail::length<I> > 0) {
    diagnostics::report<diagnostics::functional_is_not_scalar<I>>();
    return expr<typename Symbol::axes, reads<detail::mistaken>>{x.ir};
  } else if constexpr (!reached::value && !detail::contains<detail::mistaken, R>) {
    diagnostics::report<diagnostics::target_not_in_functional<typename Symbol::label>>();
    return expr<typename Symbol::axes, reads<detail::mistaken>>{x.ir};
  } else {
    return expr<typename Symbol::axes, R>{detail::current_program().gradient(objective.ir, x.tensor)};
  }
}

/// descend(F, targets..., method), or descend(F, targets..., method, presynaptic(x)).
template <class I, class R, class... Args>
auto descend(const expr<I, R>& objective, const Args&... args) {
  using arguments = detail::elements<Args...>;
  using targets = typename detail::filter<arguments, detail::is_target>::type;
  using descended = typename detail::labels<reads<>, targets>::type;
  using mentions = typename detail::concat<typename detail::filter<R, detail::is_functional>::type, descended,
                                           typename detail::moves_of<targets>::type>::type;
  using unmodified = typename detail::filter<arguments, detail::is_no_modifier>::type;
  constexpr std::size_t modifiers = detail::length<arguments> - detail::length<unmodified>;
  if constexpr (!detail::ends_with_method<unmodified> ||
                !detail::ends_with_modifier(arguments{}, modifiers)) {
    diagnostics::report<diagnostics::descend_without_method<R, descended>>();
    return statement<mentions>{};
  } else if constexpr (detail::check_descend<I, R>(targets{}); !detail::can_descend<targets>) {
    return statement<mentions>{};
  } else {
    const auto all = detail::flatten(args...);
    const auto plain = hana::drop_back(all, hana::size_c<modifiers>);
    const ir::Tensor* presynaptic = nullptr;
    if constexpr (modifiers == 1) presynaptic = hana::back(all).activity;
    return statement<mentions>{hana::unpack(
        hana::drop_back(plain), detail::make_descend{objective.ir, hana::back(plain), presynaptic})};
  }
}

}  // namespace freefall

#pragma once
// Stationary points in closed form.
//
//   solve(F, x)                    the latent x goes to the zero of dF/dx, where dF/dx is affine in x
//   solve(F, precision(q, x))      the precision of gaussian(x) goes to the zero of dF/dSigma: it becomes the
//                                  curvature of the energy at the mean
//
// Several targets go at once, each with the others as they were.

#include "freefall/dsl/descent.hpp"

namespace freefall {
namespace detail {

template <class T>
inline constexpr bool is_state = false;
template <class Symbol>
inline constexpr bool is_state<handle<Symbol>> = Symbol::role == ir::Role::state;

template <class T>
inline constexpr bool symbolic_and_mistaken = false;
template <class I, class R>
inline constexpr bool symbolic_and_mistaken<expr<I, R>> = contains<mistaken, R>;

template <class T>
inline constexpr bool is_solvable = is_variable<T> || is_state<T>;

/// Reports a target that is neither a precision of a family nor a latent variable the functional reaches.
template <class Target, class R>
constexpr void check_solved() {
  using described = symbol_of<Target>;
  if constexpr (symbolic_and_mistaken<Target>) {
    // Reported where it was written.
  } else if constexpr (!is_solvable<Target>) {
    diagnostics::report<
        diagnostics::solve_target_is_not_latent<typename described::label, typename described::role>>();
  } else if constexpr (is_variable<Target>) {
    check_target<Target>(R{});
  }
}
template <class R, class... Targets>
constexpr void check_solve(types<Targets...>) {
  (check_solved<Targets, R>(), ...);
}

template <class Targets>
inline constexpr bool can_solve = false;
template <class... Targets>
inline constexpr bool can_solve<types<Targets...>> = (is_solvable<Targets> && ...);

struct make_solve {
  ir::Expr objective;

  template <class... Targets>
  ir::Statement operator()(const Targets&... targets) const {
    std::vector<const ir::Tensor*> tensors{targets.tensor...};
    std::string text;
    for (const ir::Tensor* t : tensors) text += (text.empty() ? "solve " : ", ") + t->name;
    const ir::Origin origin{text, "", 0};
    claim(origin, {objective});
    return {ir::SolveFor{objective, std::move(tensors)}, origin};
  }
};

}  // namespace detail

/// solve(F, targets...).
template <class I, class R, class Target, class... Targets>
auto solve(const expr<I, R>& objective, const Target& target, const Targets&... targets) {
  using all = detail::elements<Target, Targets...>;
  using descended = typename detail::labels<reads<>, all>::type;
  using mentions = typename detail::concat<typename detail::filter<R, detail::is_functional>::type, descended,
                                           typename detail::moves_of<all>::type>::type;
  if constexpr (detail::length<I> > 0) {
    diagnostics::report<diagnostics::functional_is_not_scalar<I>>();
    return statement<mentions>{};
  } else if constexpr (detail::check_solve<R>(all{}); !detail::can_solve<all>) {
    return statement<mentions>{};
  } else {
    return statement<mentions>{
        hana::unpack(detail::flatten(target, targets...), detail::make_solve{objective.ir})};
  }
}

}  // namespace freefall

#pragma once
// Generalised coordinates: a variable together with its velocity, acceleration, ... along an axis of orders.
//
//   auto D = shift(order);                   (D x)[n] = x[n + 1], zero beyond the last order
//   D(x) <<= normal(generalised(h(x), order), kron(covariance(S), precision(P)))
//                                            a density of the motion of x: x' = h(x) + noise
//   prime(D)                                 its transpose: (D' x)[n] = x[n - 1], zero at order 0
//   zeroth(x, order)                         x at order 0
//   descend(F, x, moving_frame(D, dt))       dx/dt = D x - dF/dx
//   generalised(f(x), order)                 f(x) at order 0 and (df/dx) x^(n) at order n: local linearity
//
// S is the covariance of smooth noise and its derivatives (runtime/temporal_covariance.hpp).

#include "freefall/dsl/density.hpp"

namespace freefall {

/// The motion of a variable: an expression a density can be given to.
template <class Symbol, class Indices, class Reads>
struct motion : expr<Indices, Reads> {
  /// The variable whose motion it is.
  handle<Symbol> of;
};

namespace detail {

/// e `By` places further along the axis, zero beyond its ends.
template <class Axis, int By, class I, class R>
expr<I, R> shifted(const expr<I, R>& e) {
  using rejected = typename difference<indices<Axis>, I>::type;
  if constexpr (length<rejected> > 0 && !contains<mistaken, R>) {
    diagnostics::report<diagnostics::axis_not_in_expression<Axis, I>>();
    return e;
  } else {
    ir::Context& context = *e.ir->context;
    const ir::Index here = ir_index<Axis>(context);
    ir::Subscript there(here);
    there.offset = By;
    return {ir::make_range(context, here.axis, there) * ir::substitute(e.ir, {{here, there}})};
  }
}

}  // namespace detail

/// `shift(order)`: maps a variable in generalised coordinates to its motion, (D x)[n] = x[n + 1], zero
/// beyond the last order.
template <class Axis>
struct shift_operator {
  /// Of an expression with that axis of orders.
  template <class I, class R>
  expr<I, R> operator()(const expr<I, R>& e) const {
    return detail::shifted<Axis, 1>(e);
  }
  /// Of a variable: an expression that a density can be given to.
  template <class Symbol>
  auto operator()(const handle<Symbol>& x) const {
    const expr<typename handle<Symbol>::axes, typename handle<Symbol>::symbols> plain = x;
    return motion<Symbol, typename handle<Symbol>::axes, typename handle<Symbol>::symbols>{(*this)(plain), x};
  }
};

/// The operator D of an axis of orders.
template <axis_like Axis>
shift_operator<Axis> shift(Axis) {
  return {};
}

/// `prime(shift(order))`: one place up along the axis of orders, zero at order 0.
template <class Axis>
struct transposed_shift {
  /// Of an expression with that axis of orders.
  template <class I, class R>
  expr<I, R> operator()(const expr<I, R>& e) const {
    return detail::shifted<Axis, -1>(e);
  }
};
/// The transpose of D.
template <class Axis>
transposed_shift<Axis> prime(shift_operator<Axis>) {
  return {};
}

/// e at order 0.
template <class I, class R, axis_like Axis>
auto zeroth(const expr<I, R>& e, Axis) {
  using left = typename detail::difference<I, indices<Axis>>::type;
  if constexpr (!detail::contains<Axis, I> && !detail::contains<detail::mistaken, R>) {
    diagnostics::report<diagnostics::axis_not_in_expression<Axis, I>>();
    return expr<left, reads<detail::mistaken>>{e.ir};
  } else {
    const ir::Index order = detail::ir_index<Axis>(*e.ir->context);
    return expr<left, R>{ir::substitute(e.ir, {{order, ir::Subscript(0)}})};
  }
}

/// f(x) at every order of motion; f acts at each order alone.
template <class I, class R, axis_like Axis>
expr<I, R> generalised(const expr<I, R>& e, Axis) {
  if constexpr (!detail::contains<Axis, I> && !detail::contains<detail::mistaken, R>) {
    diagnostics::report<diagnostics::axis_not_in_expression<Axis, I>>();
    return e;
  } else {
    return {ir::generalised(e.ir, detail::ir_axis<Axis>(*e.ir->context))};
  }
}

/// A density of the motion D(x): it may read x, as equations of motion do.
template <class Symbol, class I, class R, fixed_string Density, class Mean, class Spread, class Reads>
auto operator<<=(const motion<Symbol, I, R>& moved,
                 const detail::density_of<Density, Mean, Spread, Reads>& density) {
  auto drawn = moved.of <<= density;
  using others = typename detail::difference<Reads, reads<Symbol>>::type;
  factor<typename decltype(drawn)::variable, Density, others> out;
  out.ir = std::move(drawn.ir);
  out.ir.drawn = moved.ir;
  return out;
}

}  // namespace freefall

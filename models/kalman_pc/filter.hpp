#pragma once
// Predictive coding as a filter on a stream (Millidge 2021, sections 3.4.2 and 3.4.3; Rao 1999):
//
//   x_t ~ N(f(x_{t-1}) + B u_t, Q),   y_t ~ N(g(x_t), R),
//
// with a point mass for x_t: the previous state enters through its estimate only, so the precision of the
// prediction stays Q^-1. The estimate starts each tick at the prediction and descends the free energy.

#include <freefall/dsl.hpp>

namespace kalman_pc {

using namespace freefall;

/// `f` is called with (A, x_{t-1}), both primed along the axis to sum, `g` with (C, x_t).
template <bool Linear, class Transition, class Observation>
program filter(Transition f, Observation g) {
  axis<"state"> state;
  axis<"sense"> sense;
  axis<"control"> control;
  auto x = variable<"x">(state);
  auto y = variable<"y">(sense);
  auto u = input<"u">(control);
  auto step = input<"step">();
  auto A = parameter<"A">(state, state.prime());
  auto B = parameter<"B">(state, control);
  auto C = parameter<"C">(sense, state);
  auto Q = parameter<"Q">(state, state.prime());
  auto R = parameter<"R">(sense, sense.prime());

  auto p = model<"filter">(x <<= normal(f(A, previous(x)) + B * u, covariance(Q)),
                           y <<= normal(g(C, x), covariance(R)));
  auto q = family(delta(x));
  auto F = free_energy(p, q);

  // The rules by hand (Millidge 2021, equations 3.32 to 3.35, repaired), for linear f and g.
  if constexpr (Linear) {
    auto eps_x = x - A * prime(previous(x)) - B * u;
    auto eps_y = y - C * x;
    auto xi_x = inverse(Q) * prime(eps_x);
    auto xi_y = inverse(R) * prime(eps_y);
    reference(kernel<"tick5">, x) = xi_x - xi_y * C;
    reference(gradient(F, A)) = -hadamard(xi_x, prime(previous(x)));
    reference(gradient(F, B)) = -hadamard(xi_x, u);
    reference(gradient(F, C)) = -hadamard(xi_y, x);
  }

  auto down = descend(F, x, rate(step));
  return program{kernel<"tick2">(advance(x), forward(p), repeat(2, down)),
                 kernel<"tick5">(advance(x), forward(p), repeat(5, down)),
                 kernel<"settle">(advance(x), forward(p), until(tolerance(1e-13), at_most(100000), down)),
                 // F is quadratic when f and g are linear: one step of Newton's ends where `settle` does.
                 kernel<"mode">(advance(x), forward(p), descend(F, x, newton())),
                 // The prediction moves with the iterate, as in the public code: not the descent of one F.
                 kernel<"unanchored2">(repeat(2, advance(x), down)),
                 kernel<"unanchored5">(repeat(5, advance(x), down)), kernel<"energy">(F)};
}

}  // namespace kalman_pc

#pragma once
// The filter with a normal posterior q(x_t) = N(x, P^-1) (Millidge 2021, section 3.4.1 and equation 3.25):
//
//   p(x_t | past) = integral of N(x_t; f(x_{t-1}) + B u_t, Q) q(x_{t-1}) dx_{t-1},   y_t ~ N(g(x_t), R).
//
// Integrating the previous state out gives the prediction its covariance J P^-1 J' + Q; dF/dSigma = 0 gives
// the posterior precision. Together they are the Riccati recursion.

#include <freefall/dsl.hpp>

namespace kalman_pc {

using namespace freefall;

/// `f` is called with (A, x_{t-1}), primed along the axis to sum, `g` with (C, x_t). `Linear`: both are; else
/// they are functions of A x and C x, element by element.
template <bool Linear, class Transition, class Observation>
program gaussian_filter(Transition f, Observation g) {
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

  auto before = previous(x);
  auto p = model<"filter">(x <<= marginal(normal(f(A, before) + B * u, covariance(Q)), before),
                           y <<= linearised(normal(g(C, x), covariance(R))));
  auto q = family(gaussian(x));
  auto F = free_energy(p, q);

  // The Kalman filter by hand, in the form of information (Kalman 1960; Jazwinski 1970 for the
  // extended one): J and H are the Jacobians of f and g.
  const auto jacobian = [](auto value, auto weights) {
    if constexpr (Linear) {
      return weights;
    } else {
      return hadamard(slope(value), weights);
    }
  };
  auto J = jacobian(f(A, before), A);
  auto H = jacobian(g(C, x), C);
  auto predicted = inverse(matmul(matmul(J, inverse(precision(q, before))), prime(J)) + Q);
  auto weighted = inverse(R) * prime(H, sense);
  reference(kernel<"settle">, precision(q, x)) = predicted + dot(H, prime(weighted, state), sense);
  reference(kernel<"descend20">, x) = predicted * prime(x - f(A, before) - B * u) - (y - g(C, x)) * weighted;
  return program{
      kernel<"descend20">(advance(x), forward(p), repeat(20, descend(F, x, rate(step))),
                          solve(F, precision(q, x))),
      kernel<"settle">(advance(x), forward(p), until(tolerance(1e-13), at_most(100), descend(F, x, newton())),
                       solve(F, precision(q, x))),
      kernel<"energy">(F)};
}

}  // namespace kalman_pc

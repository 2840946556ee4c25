#pragma once
// Filtering in generalised coordinates of motion: x~ = (x, x', x'', ...) along the axis `order`, and
//
//   y~ ~ N(f~(x~), S (x) Py^-1),   D x~ ~ N(h~(x~), S (x) Px^-1)   or   x~ ~ N(g~(c~), S (x) Px^-1),
//
// S the covariance of smooth noise and its derivatives. The estimate moves with its own motion and falls:
// dx~/dt = D x~ - dF/dx~.

#include <freefall/dsl.hpp>

namespace generalised_filter {

using namespace freefall;

/// `prior` is called with (x, S) and gives the factor of x; `f` with (C, x).
template <class Observation, class Prior>
program filter(Observation f, Prior prior) {
  axis<"order"> order;
  axis<"state"> state;
  axis<"sense"> sense;
  auto x = variable<"x">(order, state);
  auto y = variable<"y">(order, sense);
  auto S = input<"S">(order, order.prime());
  auto step = input<"step">();
  auto C = parameter<"C">(sense, state);
  auto Py = parameter<"Py">(sense, sense.prime());

  auto D = shift(order);
  auto p = model<"filter">(prior(x, S),
                           y <<= normal(generalised(f(C, x), order), kron(covariance(S), precision(Py))));
  auto q = family(delta(x));
  auto F = free_energy(p, q);
  return program{kernel<"tick">(descend(F, x, moving_frame(D, step))),
                 kernel<"resting">(descend(F, x, rate(step))),  // without the moving frame
                 kernel<"energy">(F)};
}

/// x' = H x + noise.
template <class Observation>
program dynamic(Observation f) {
  axis<"order"> order;
  axis<"state"> state;
  return filter(f, [=](auto x, auto S) {
    auto H = parameter<"H">(state, state.prime());
    auto Px = parameter<"Px">(state, state.prime());
    return shift(order)(x) <<=
           normal(generalised(H * prime(x, state), order), kron(covariance(S), precision(Px)));
  });
}

/// x = G c + noise.
template <class Observation>
program fixed(Observation f) {
  axis<"order"> order;
  axis<"state"> state;
  axis<"cause"> cause;
  return filter(f, [=](auto x, auto S) {
    auto c = input<"c">(order, cause);
    auto G = parameter<"G">(state, cause);
    auto Px = parameter<"Px">(state, state.prime());
    return x <<= normal(generalised(G * c, order), kron(covariance(S), precision(Px)));
  });
}

}  // namespace generalised_filter

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

/// All that a quadratic form sees of a matrix.
inline auto symmetric = [](auto matrix) { return (matrix + prime(matrix)) / 2; };

/// What the senses show of a state. `of` is called with (C, x); `back` is the product of its transposed
/// Jacobian and an error by hand, for the reference: called with (C, x at order 0, error).
template <class Of, class Back>
struct observation {
  Of of;
  Back back;
};

/// A factor, and by hand what its errors contribute to dF/dx.
template <class Factor, class Pull>
struct prior_of_state {
  Factor factor;
  Pull pull;
};

/// `prior` is called with (x, S).
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
  auto seen = generalised(f.of(C, x), order);
  auto of_state = prior(x, S);
  auto p = model<"filter">(of_state.factor, y <<= normal(seen, kron(covariance(S), precision(Py))));
  auto q = family(delta(x));
  auto F = free_energy(p, q);

  // By hand (Millidge 2021, equation 3.15 repaired; Friston et al 2010): errors weighted by their precisions,
  // back through the Jacobians, which are those at order 0.
  auto xi_y = symmetric(Py) * prime(inverse(S) * prime(y - seen, order), sense);
  auto rule = of_state.pull - f.back(C, zeroth(x, order), xi_y);
  reference(kernel<"tick">, x) = rule;
  reference(kernel<"resting">, x) = rule;
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
    auto D = shift(order);
    auto motion = generalised(H * prime(x, state), order);
    auto eps = D(x) - motion;
    auto xi = prime(inverse(S) * prime(eps, order), state);
    auto weighted = symmetric(Px) * xi;
    return prior_of_state{D(x) <<= normal(motion, kron(covariance(S), precision(Px))),
                          prime(D)(weighted) - prime(weighted * H, state)};
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
    auto expected = generalised(G * c, order);
    auto xi = prime(inverse(S) * prime(x - expected, order), state);
    return prior_of_state{x <<= normal(expected, kron(covariance(S), precision(Px))), symmetric(Px) * xi};
  });
}

}  // namespace generalised_filter

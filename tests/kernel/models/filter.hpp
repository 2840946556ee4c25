#pragma once
// A linear filter whose matrices are constants.

#include <freefall/dsl.hpp>

namespace freefall::test {

inline program filter() {
  axis<"state"> state;
  axis<"sense"> sense;
  auto x = variable<"x">(state);
  auto y = variable<"y">(sense);
  auto A = constant<"A">(state, state.prime());
  auto C = constant<"C">(sense, state);
  auto P = constant<"P">(state, state.prime());
  auto Q = constant<"Q">(sense, sense.prime());  // a covariance: its inverse is prepared
  auto p =
      model<"filter">(x <<= normal(A * prime(previous(x)), precision(P)), y <<= normal(C * x, covariance(Q)));
  auto F = free_energy(p, family(delta(x)));
  return program{kernel<"tick">(advance(x), forward(p), repeat(4, descend(F, x, rate(0.05)))),
                 kernel<"energy">(F)};
}

}  // namespace freefall::test

// An object on a line: position and speed are hidden, the position is seen with noise.
#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"state"> state;  // position, speed
  axis<"sense"> sense;
  auto x = variable<"x">(state);
  auto y = variable<"y">(sense);
  auto A = parameter<"A">(state, state.prime());
  auto C = parameter<"C">(sense, state);
  auto Q = parameter<"Q">(state, state.prime());
  auto R = parameter<"R">(sense, sense.prime());

  auto before = previous(x);
  auto p = model<"track">(x <<= marginal(normal(A * prime(before), covariance(Q)), before),
                          y <<= normal(C * x, covariance(R)));
  auto q = family(gaussian(x));
  auto F = free_energy(p, q);
  return program{kernel<"tick">(advance(x), forward(p), descend(F, x, newton()), solve(F, precision(q, x))),
                 kernel<"energy">(F)};
}

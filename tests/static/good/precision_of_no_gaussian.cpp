#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"state"> state;
  axis<"sense"> sense;
  auto x = variable<"x">(state);
  auto y = variable<"y">(sense);
  auto A = parameter<"A">(state, state.prime());
  auto C = parameter<"C">(sense, state);
  auto p = model<"filter">(x <<= marginal(normal(A * prime(previous(x))), previous(x)), y <<= normal(C * x));
  auto q = family(gaussian(x));
  auto F = free_energy(p, q);
  return program{kernel<"tick">(advance(x), forward(p), solve(F, x), solve(F, precision(q, x)))};
}

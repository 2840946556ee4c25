#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"state"> state;
  axis<"sense"> sense;
  auto x = variable<"x">(state);
  auto y = variable<"y">(sense);
  auto A = parameter<"A">(state, state.prime());
  auto C = parameter<"C">(sense, state);
  axis<"column"> column;
  auto z = variable<"z">(state, column);
  auto p = model<"filter">(z <<= normal(0), x <<= normal(A * prime(sum(z, column))), y <<= normal(C * x));
  auto q = family(gaussian(z), gaussian(x));
  auto F = free_energy(p, q);
  return program{kernel<"tick">(descend(F, x, rate(0.1)))};
}

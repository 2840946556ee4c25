#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"state"> state;
  axis<"sense"> sense;
  auto x = variable<"x">(state);
  auto y = variable<"y">(sense);
  auto A = parameter<"A">(state, state.prime());
  auto C = parameter<"C">(sense, state);
  auto p = model<"filter">(x <<= normal(A * prime(previous(x))), y <<= normal(C * x));
  auto q = family(delta(x));
  auto F = free_energy(p, q);
  return program{kernel<"tick">(advance(x), forward(p), descend(F, x, rate(0.1)))};
}

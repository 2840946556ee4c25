// States that decay towards zero: each call halves them twenty times.
#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"unit"> unit;
  auto x = variable<"x">(unit);
  auto q = family(delta(x));
  auto F = free_energy(model<"decay">(x <<= normal(0)), q);
  return program{kernel<"decay">(repeat(20, descend(F, x, rate(0.5))))};
}

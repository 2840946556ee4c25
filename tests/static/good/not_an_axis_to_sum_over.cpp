#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"unit"> unit;
  auto x = variable<"x">(unit);
  auto y = variable<"y">();
  auto p = model<"total">(x <<= normal(0), y <<= normal(sum(x, unit)));
  auto F = free_energy(p, family(delta(x)));
  return program{kernel<"energy">(F)};
}

#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"unit"> unit;
  auto x = variable<"x">(unit);
  auto w = parameter<"w">(unit);
  auto y = variable<"y">();
  auto p = model<"readout">(x <<= normal(0), y <<= normal(dot(w, x, unit)));
  auto F = free_energy(p, family(delta(x)));
  return program{kernel<"energy">(F)};
}

#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"unit"> unit;
  auto x = variable<"x">(unit);
  auto W = parameter<"W">();
  auto p = model<"single">(x <<= normal(W));
  auto F = free_energy(p, family(delta(x)));
  return program{kernel<"energy">(F)};
}

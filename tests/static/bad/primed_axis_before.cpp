#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"unit"> unit;
  auto x = variable<"x">(unit);
  auto S = variable<"S">(unit.prime(), unit);
  auto J = parameter<"J">(unit.prime(), unit);
  auto p = model<"field">(x <<= normal(0), S <<= normal(J));
  auto F = free_energy(p, family(delta(x)));
  return program{kernel<"energy">(F)};
}

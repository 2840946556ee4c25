#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"unit"> unit;
  auto x = variable<"x">(unit);
  auto y = variable<"y">(unit);
  auto b = parameter<"b">(unit);
  auto p = model<"field">(x <<= normal(0), y <<= normal(x + b));
  auto F = free_energy(p, family(delta(x)));
  return program{kernel<"energy">(F)};
}

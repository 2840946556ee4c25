#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  auto x = variable<"x">(5);
  auto W = parameter<"W">();
  auto p = model<"single">(x <<= normal(W));
  auto F = free_energy(p, family(delta(x)));
  return program{kernel<"energy">(F)};
}

// How large is the food? Its size v is expected to be 3; the light it reflects grows with v^2 and is seen
// with noise.
#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  auto v = variable<"v">();
  auto light = variable<"light">();
  auto p = model<"food">(v <<= normal(3), light <<= normal(v * v));
  auto q = family(delta(v));
  auto F = free_energy(p, q);
  return program{kernel<"infer">(forward(p), repeat(2000, descend(F, v, rate(0.01)))), kernel<"energy">(F)};
}

#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"hidden"> hidden;
  auto u = input<"u">(hidden);
  auto h = variable<"h">(hidden);
  auto p = model<"net">(h <<= normal(u));
  auto F = free_energy(p, family(delta(h)));
  reference(kernel<"infer">, h) = h - u;
  return program{kernel<"infer">(descend(F, h, rate(0.1)))};
}

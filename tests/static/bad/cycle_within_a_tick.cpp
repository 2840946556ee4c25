#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"unit"> unit;
  ticks<"t"> t;
  auto x = input<"x">(t, unit);
  auto y = variable<"y">(t, unit);
  auto h = variable<"h">(t, unit);
  auto U = parameter<"U">(unit, unit.prime());
  auto p = model<"net">(h[t] <<= normal(tanh(U * prime(h[t]) + x[t])), y[t] <<= normal(h[t]));
  auto F = free_energy(p, family(delta(h)));
  return program{kernel<"infer">(forward(p), descend(F, h, rate(0.1)))};
}

#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  plate<"batch"> batch;
  axis<"unit"> unit;
  axis<"seen"> seen;
  auto x = variable<"x">(batch, unit);
  auto y = variable<"y">(batch, seen);
  auto W = parameter<"W">(seen, unit);
  auto p = model<"net">(x <<= normal(0.0), y <<= normal(W * x));
  auto F = free_energy(p, family(delta(x)));
  return program{kernel<"sweep">(scan_shuffled(unit, solve(F, x)))};
}

#pragma once
// Rules of one element after the other over copies: linear and nonlinear, solved and descended. For tests of
// emitted scans.

#include <freefall/dsl.hpp>

namespace freefall::test {

inline program scans() {
  plate<"batch"> batch;
  axis<"unit"> unit;
  axis<"reading"> reading;
  auto m = input<"m">(unit);
  auto x = variable<"x">(batch, unit);
  auto y = variable<"y">(batch, reading);
  auto P = parameter<"P">(unit, unit.prime());
  auto W = parameter<"W">(reading, unit);
  auto p = model<"scans">(x <<= normal(m, precision(P)), y <<= normal(W * x));
  auto q = model<"nonlinear">(x <<= normal(m), y <<= normal(tanh(W * x)));
  auto F = free_energy(p, family(delta(x)));
  auto G = free_energy(q, family(delta(x)));
  return program{kernel<"gauss_seidel">(repeat(3, scan(unit, solve(F, x)))),
                 kernel<"from_the_last">(scan_backwards(unit, solve(F, x), descend(G, x, rate(0.1)))),
                 kernel<"adaptive">(repeat(2, scan(unit, descend(G, x, adam(0.1))))),
                 kernel<"settle">(until(tolerance(1e-3), at_most(50), scan(unit, solve(F, x))))};
}

}  // namespace freefall::test

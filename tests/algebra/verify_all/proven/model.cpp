// The rule with its transpose holds, the one without is known to be wrong.
#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"unit"> unit;
  auto x = variable<"x">(unit);
  auto o = variable<"o">(unit);
  auto W = parameter<"W">(unit, unit.prime());
  auto p = model<"proven">(x <<= normal(0), o <<= normal(W * prime(x)));
  auto F = free_energy(p, family(delta(x)));
  reference(gradient(F, x)) = x - prime(W) * prime(o - W * prime(x));
  refuted(gradient(F, x)) = x - W * prime(o - W * prime(x));
  return program{kernel<"infer">(descend(F, x, rate(0.1)))};
}

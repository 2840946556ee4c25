// Units that predict each other: a pattern once seen is found again from a part of it.
#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"unit"> unit;
  auto sigma = variable<"sigma">(unit);
  auto bias = input<"bias">(unit);  // evidence
  auto beta = input<"beta">();      // precision
  auto J = parameter<"J">(unit, unit.prime(), no_diagonal);

  auto p = conditionals<"attractor">(sigma <<= continuous_bernoulli(beta * (bias + J * prime(sigma))));
  auto q = family(continuous_bernoulli(sigma));
  auto F = local_free_energy(p, q);
  auto S = surprise(sigma, continuous_bernoulli(J * prime(previous(sigma))));
  return program{kernel<"train">(solve(F, q), draw(q), descend(S, J, rate(0.02), presynaptic(sigma))),
                 kernel<"relax">(until(tolerance(1e-9), at_most(1000), solve(F, q), forward(q)))};
}

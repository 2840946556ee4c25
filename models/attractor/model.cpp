// Attractor network of continuous Bernoulli units (Spisak and Friston 2025, "Self-orthogonalizing attractor
// neural networks emerging from the free energy principle").
#include <freefall/dsl.hpp>

using namespace freefall;

freefall::program define() {
  axis<"unit"> unit;
  auto sigma = variable<"sigma">(unit);
  auto bias = input<"bias">(unit);  // evidence
  auto beta = input<"beta">();      // precision: inverse temperature
  auto alpha = input<"alpha">();    // learning rate
  auto J = parameter<"J">(unit, unit.prime(), no_diagonal);

  auto p = conditionals<"attractor">(sigma <<= continuous_bernoulli(beta * (bias + J * prime(sigma))));
  auto q = family(continuous_bernoulli(sigma));
  auto F = local_free_energy(p, q);
  auto S = surprise(sigma, continuous_bernoulli(J * prime(previous(sigma))));

  // The monitor of the published figures: complexity - accuracy of the response to the present state, at
  // precision 1. It counts the evidence and every pair twice.
  auto response = bias + J * prime(sigma);
  auto m = langevin(response);
  auto complexity = sum(log_sinhc(bias) - log_sinhc(response) + hadamard(response - bias, m), unit);
  auto accuracy = dot(bias, m) + dot(m, J * prime(m));

  return program{kernel<"sample">(solve(F, q), draw(q)),
                 kernel<"train">(solve(F, q), draw(q), descend(S, J, rate(alpha), presynaptic(sigma))),
                 kernel<"relax">(until(tolerance(1e-9), at_most(1000), solve(F, q), forward(q))),
                 kernel<"free_energy">(sum(F, unit)), kernel<"monitor">(complexity - accuracy)};
}

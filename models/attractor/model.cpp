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

  // The rules by hand: equation 20, and 25 with the prediction from the state before (the published code).
  reference(kernel<"sample">, natural(q, sigma)) = beta * (bias + J * prime(sigma));
  reference(kernel<"train">, J) = hadamard(langevin(J * prime(previous(sigma))) - sigma, prime(sigma));

  // The monitor of the published figures: complexity - accuracy of the response to the present state, at
  // precision 1. It counts the evidence and every pair twice.
  auto response = bias + J * prime(sigma);
  auto m = langevin(response);
  auto complexity = sum(log_sinhc(bias) - log_sinhc(response) + hadamard(response - bias, m), unit);
  auto accuracy = dot(bias, m) + dot(m, J * prime(m));

  auto learn = descend(S, J, rate(alpha), presynaptic(sigma));
  auto settled = tolerance(1e-9);
  return program{kernel<"sample">(solve(F, q), draw(q)),
                 kernel<"sample_in_order">(scan(unit, solve(F, q), draw(q))),
                 kernel<"sample_at_random">(scan_at_random(unit, solve(F, q), draw(q))),
                 kernel<"sample_shuffled">(scan_shuffled(unit, solve(F, q), draw(q))),
                 kernel<"train">(solve(F, q), draw(q), learn),
                 kernel<"train_in_order">(scan(unit, solve(F, q), draw(q)), learn),
                 kernel<"relax">(until(settled, at_most(1000), solve(F, q), forward(q))),
                 kernel<"relax_in_order">(until(settled, at_most(1000), scan(unit, solve(F, q), forward(q)))),
                 kernel<"free_energy">(sum(F, unit)),
                 kernel<"monitor">(complexity - accuracy)};
}

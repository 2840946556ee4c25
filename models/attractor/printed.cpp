// The equations of attractor networks as they are printed in Spisak and Friston 2025, "Self-orthogonalizing
// attractor neural networks emerging from the free energy principle": those that hold, and those that do not.
//
// b_q is the natural parameter of q, called sigma_natural here; L is the Langevin function, phi(b) = ln(sinh
// b / b).
#include <freefall/dsl.hpp>

using namespace freefall;

freefall::program define() {
  axis<"unit"> unit;
  auto sigma = variable<"sigma">(unit);
  auto b = input<"b">(unit);
  auto J = parameter<"J">(unit, unit.prime(), no_diagonal);
  auto rate_J = input<"rate_J">();

  auto u = b + J * prime(sigma);
  auto p = conditionals<"attractor_printed">(sigma <<= continuous_bernoulli(u));
  auto q = family(continuous_bernoulli(sigma));
  auto F = local_free_energy(p, q);
  auto S = surprise(sigma, continuous_bernoulli(u));
  auto b_q = natural(q, sigma);
  auto mean = langevin(b_q);

  reference(F, printed("Spisak and Friston 2025", "23")) =
      hadamard(b_q - u, mean) + log_sinhc(u) - log_sinhc(b_q);
  reference(gradient(sum(F, unit), b_q), printed("Spisak and Friston 2025", "19")) =
      hadamard(b_q - b - J * prime(sigma), slope(mean));
  reference(kernel<"sample">, b_q, printed("Spisak and Friston 2025", "20")) = b + J * prime(sigma);
  reference(gradient(S, J), printed("Spisak and Friston 2025", "24")) =
      hadamard(langevin(u) - sigma, prime(sigma));
  reference(-gradient(S, J), printed("Spisak and Friston 2025", "25")) =
      hadamard(sigma, prime(sigma)) - hadamard(langevin(b + J * prime(sigma)), prime(sigma));
  // Without neighbours the free energy is the divergence KL[q || p] of equation 17.
  refuted(F, printed("Spisak and Friston 2025", "17", "the last term is b L(b_q)")) =
      -log_sinhc(b_q) + hadamard(b_q, mean) + log_sinhc(u) - hadamard(u, langevin(u));
  refuted(gradient(sum(F, unit), b_q),
          printed("Spisak and Friston 2025", "18", "phi(b) - phi(b_q) is dropped, which depends on b_q")) =
      gradient(dot(b_q - b, mean) - dot(b, sigma) - dot(mean, J * prime(sigma)), b_q);

  // The joint density exp(b . sigma + ...) of symmetric couplings has conditionals of natural parameter
  // d(exponent).
  auto W = parameter<"W">(unit, unit.prime(), no_diagonal);
  auto tau = variable<"tau">(unit);
  auto symmetric = (W + prime(W)) / 2;
  auto pairwise = conditionals<"pairwise">(tau <<= continuous_bernoulli(b + symmetric * prime(tau)));
  auto r = family(continuous_bernoulli(tau));
  auto pairwise_F = local_free_energy(pairwise, r);
  refuted(kernel<"sample_pairwise">, natural(r, tau),
          printed("Spisak and Friston 2025", "13", "no factor 1/2")) =
      gradient(dot(b, tau) + dot(tau, symmetric * prime(tau)), tau);
  reference(kernel<"sample_pairwise">, natural(r, tau), printed("Spisak and Friston 2025", "28")) =
      gradient(dot(b, tau) + dot(tau, W * prime(tau)) / 2, tau);

  return program{kernel<"sample">(solve(F, q), draw(q)), kernel<"train">(descend(S, J, sgd(rate_J))),
                 kernel<"sample_pairwise">(solve(pairwise_F, r), draw(r))};
}

#pragma once
// The network of attractor_bench: states in [-1, 1], each drawn from its continuous Bernoulli conditional
// given all others, all at once; couplings that learn from the surprise of the new states (models/attractor
// has the published variants).
#include <freefall/dsl.hpp>

#include "bench/attractor_steps.hpp"

namespace freefall::bench::attractor {

// `couplings` declares J over the axis: what a unit receives in one piece, or what it sends.
program network(const auto& couplings) {
  axis<"unit"> unit;
  auto sigma = variable<"sigma">(unit);
  auto bias = input<"bias">(unit);
  auto learning_rate = input<"learning_rate">();
  auto J = couplings(unit);

  auto p = conditionals<"attractor">(sigma <<= continuous_bernoulli(bias + J * prime(sigma)));
  auto q = family(continuous_bernoulli(sigma));
  auto F = local_free_energy(p, q);
  auto S = surprise(sigma, continuous_bernoulli(bias + J * prime(previous(sigma))));
  return program{
      kernel<"step">(solve(F, q), draw(q), descend(S, J, rate(learning_rate))),
      kernel<"run">(repeat(steps_of_a_run, solve(F, q), draw(q), descend(S, J, rate(learning_rate))))};
}

}  // namespace freefall::bench::attractor

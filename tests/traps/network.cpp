// Two hidden layers as wide as the data, so that nothing but the numbers tells one matrix from another;
// swish; weights with a prior.
#include <freefall/dsl.hpp>

using namespace freefall;

freefall::program define() {
  plate<"batch"> batch;
  axis<"unit"> unit;
  auto x = variable<"x">(batch, unit);
  auto h1 = variable<"h1">(batch, unit);
  auto h2 = variable<"h2">(batch, unit);
  auto y = variable<"y">(batch, unit);
  auto W1 = variable<"W1">(unit, unit.prime());
  auto W2 = variable<"W2">(unit, unit.prime());
  auto W3 = variable<"W3">(unit, unit.prime());
  auto stiffness = input<"stiffness">();  // precision of the prior of the weights
  auto eta = input<"eta">();

  auto p = model<"network">(W1 <<= normal(0, precision(stiffness)), W2 <<= normal(0, precision(stiffness)),
                            W3 <<= normal(0, precision(stiffness)), h1 <<= normal(silu(W1 * prime(x))),
                            h2 <<= normal(silu(W2 * prime(h1))), y <<= normal(W3 * prime(h2)));
  auto F = free_energy(p, family(delta(h1), delta(h2), delta(W1), delta(W2), delta(W3)));
  return program{kernel<"infer">(descend(F, h1, h2, rate(eta))),
                 kernel<"infer_by_the_mean">(descend(F / count(batch), h1, h2, rate(eta))),
                 kernel<"learn">(descend(F, W1, W2, W3, rate(eta))), kernel<"energy">(F)};
}

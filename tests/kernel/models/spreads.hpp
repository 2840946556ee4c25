#pragma once
// Every kind of spread in one chain: full by covariance and by precision, diagonal and learned, with a
// softmax and an `until`. For tests of emitted library calls, reductions and loops.

#include <freefall/dsl.hpp>

namespace freefall::test {

inline program spreads() {
  plate<"batch"> batch;
  axis<"cause"> cause;
  axis<"middle"> middle;
  axis<"reading"> reading;
  auto learning_rate = input<"learning_rate">();
  auto noise = input<"noise">();
  auto x = variable<"x">(batch, cause);
  auto y = variable<"y">(batch, middle);
  auto z = variable<"z">(batch, reading);
  auto V = parameter<"V">(middle, cause);
  auto W = parameter<"W">(reading, middle);
  auto Sigma = parameter<"Sigma">(cause, cause.prime());
  auto Lambda = parameter<"Lambda">(reading, reading.prime());
  auto gamma = parameter<"gamma">(middle);
  auto p = model<"spreads">(x <<= normal(1, covariance(Sigma)),
                            y <<= normal(tanh(V * x), precision(exp(gamma) / noise)),
                            z <<= normal(sigmoid(W * y), precision(Lambda)));
  auto F = free_energy(p, family(delta(x), delta(y)));
  auto settle = until(tolerance(1e-4), at_most(30), descend(F, x, y, rate(0.05)));
  return program{
      kernel<"infer">(forward(p), settle),
      kernel<"train">(forward(p), settle,
                      descend(F / count(batch), V, W, Sigma, Lambda, gamma, momentum(learning_rate, 0.5))),
      kernel<"energy">(F / count(batch))};
}

}  // namespace freefall::test

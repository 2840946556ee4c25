#pragma once
// The supervised network of models/pcn with other descents: for tests of the optimisers in emitted kernels.

#include <freefall/dsl.hpp>

namespace freefall::test {

/// Two hidden layers, tanh, biases; weights move by what `method` makes of the learning rate.
template <class Method>
program learn_by(Method method) {
  plate<"batch"> batch;
  axis<"pixel"> pixel;
  axis<"hidden1"> hidden1;
  axis<"hidden2"> hidden2;
  axis<"label"> label;
  auto inference_rate = input<"inference_rate">();
  auto learning_rate = input<"learning_rate">();
  auto image = variable<"image">(batch, pixel);
  auto h1 = variable<"h1">(batch, hidden1);
  auto h2 = variable<"h2">(batch, hidden2);
  auto digit = variable<"digit">(batch, label);
  auto W1 = parameter<"W1">(hidden1, pixel);
  auto W2 = parameter<"W2">(hidden2, hidden1);
  auto W3 = parameter<"W3">(label, hidden2);
  auto b1 = parameter<"b1">(hidden1);
  auto b2 = parameter<"b2">(hidden2);
  auto b3 = parameter<"b3">(label);
  auto p = model<"pcn">(h1 <<= normal(tanh(W1 * image + b1)), h2 <<= normal(tanh(W2 * h1 + b2)),
                        digit <<= normal(W3 * h2 + b3));
  auto F = free_energy(p, family(delta(h1), delta(h2)));
  auto settle = repeat(20, descend(F, h1, h2, rate(inference_rate)));
  return program{kernel<"predict">(forward(p), predict(digit)), kernel<"infer">(forward(p), settle),
                 kernel<"train">(forward(p), settle,
                                 descend(F / count(batch), W1, W2, W3, b1, b2, b3, method(learning_rate))),
                 kernel<"energy">(F / count(batch))};
}

}  // namespace freefall::test

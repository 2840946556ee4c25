#pragma once
// An unsupervised digit model: a latent code predicts the image (Rao and Ballard 1999; Millidge 2021,
// section 3.3, the reading in which inference is the encoder):
//
//   code ~ N(0, 1/prior_precision),   image ~ N(sigmoid(W code + b), 1).

#include <freefall/dsl.hpp>

namespace pcn_generative {

using namespace freefall;

/// `Passes` inference steps from the prior mean; the code then stays as it is while the weights take one
/// step.
template <int Passes>
program network() {
  plate<"batch"> batch;
  axis<"pixel"> pixel;
  axis<"code"> unit;
  auto inference_rate = input<"inference_rate">();
  auto learning_rate = input<"learning_rate">();
  auto prior_precision = input<"prior_precision">();

  auto image = variable<"image">(batch, pixel);
  auto code = variable<"z">(batch, unit);
  auto W = parameter<"W">(pixel, unit);
  auto b = parameter<"b">(pixel);

  auto p = model<"pcn_generative">(code <<= normal(0, precision(prior_precision)),
                                   image <<= normal(sigmoid(W * code + b)));
  auto q = family(delta(code));
  auto F = free_energy(p, q);

  // The rules by hand (Millidge 2021, equations 3.8 and 3.9, repaired).
  auto prediction = sigmoid(W * code + b);
  auto g = hadamard(image - prediction, slope(prediction));
  reference(kernel<"infer">, code) = prior_precision * code - g * W;
  reference(kernel<"train">, W) = -dot(g, code, batch) / count(batch);
  reference(kernel<"train">, b) = -sum(g, batch) / count(batch);

  auto settle = repeat(Passes, descend(F, code, rate(inference_rate)));
  return program{kernel<"infer">(forward(p), settle),
                 kernel<"train">(forward(p), settle, descend(F / count(batch), W, b, sgd(learning_rate))),
                 kernel<"reconstruct">(predict(image)), kernel<"energy">(F / count(batch))};
}

}  // namespace pcn_generative

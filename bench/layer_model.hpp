#pragma once
// A single linear layer, for layer_bench: y ~ N(W x, I), and the kernel that predicts y.
#include <freefall/dsl.hpp>

namespace freefall::bench::layer {

// `weights` declares W over both axes: by what an output takes in, or by what an input gives out.
program network(const auto& weights) {
  plate<"batch"> batch;
  axis<"in"> in;
  axis<"out"> out;
  auto x = variable<"x">(batch, in);
  auto y = variable<"y">(batch, out);
  auto W = weights(in, out);
  model<"layer">(y <<= normal(W * x));
  return program{kernel<"layer">(predict(y))};
}

}  // namespace freefall::bench::layer

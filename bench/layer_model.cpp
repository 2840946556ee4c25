// A single linear layer, for layer_bench: y ~ N(W x, I), and the kernel that predicts y.
#include <freefall/dsl.hpp>

freefall::program define() {
  using namespace freefall;
  plate<"batch"> batch;
  axis<"in"> in;
  axis<"out"> out;
  auto x = variable<"x">(batch, in);
  auto y = variable<"y">(batch, out);
  auto W = parameter<"W">(out, in);
  model<"layer">(y <<= normal(W * x));
  return program{kernel<"layer">(predict(y))};
}

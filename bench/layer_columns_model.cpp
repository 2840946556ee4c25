// The layer of layer_model.cpp with its weights by columns: those of one input lie in one piece.
#include <freefall/dsl.hpp>

freefall::program define() {
  using namespace freefall;
  plate<"batch"> batch;
  axis<"in"> in;
  axis<"out"> out;
  auto x = variable<"x">(batch, in);
  auto y = variable<"y">(batch, out);
  auto W = parameter<"W">(in, out);
  model<"layer">(y <<= normal(W * x));
  return program{kernel<"layer">(predict(y))};
}

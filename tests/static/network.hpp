#pragma once
// A predictive coding network of any depth, written once: layer 0 is the image, layer Depth the digit.

#include <freefall/dsl.hpp>

namespace freefall::test {

template <int Depth, bool Bias, class Activation>
program network(Activation f) {
  axis<"pixel"> pixel;
  axis<"hidden"> hidden;
  axis<"label"> label;
  plate<"batch"> batch;

  auto unit = join(pixel, layers<1, Depth - 1>([&](auto l) { return hidden[l]; }), label);
  auto image = variable<"image">(batch, pixel);
  auto h = layers<1, Depth - 1>([&](auto l) { return variable<"h">[l](batch, hidden[l]); });
  auto digit = variable<"digit">(batch, label);
  auto x = join(image, h, digit);
  auto W = layers<1, Depth>([&](auto l) { return parameter<"W">[l](unit[l], unit[l - 1_c]); });
  auto b = layers<1, Bias ? Depth : 0>([&](auto l) { return parameter<"b">[l](unit[l]); });
  auto speed = input<"speed">();

  auto activity = [&](auto l) {
    if constexpr (l == 0_c) {
      return image;
    } else {
      return f(x[l]);
    }
  };
  auto prediction = [&](auto l) {
    if constexpr (Bias) {
      return W[l] * activity(l - 1_c) + b[l];
    } else {
      return W[l] * activity(l - 1_c);
    }
  };
  auto p = model<"pcn">(layers<1, Depth>([&](auto l) { return x[l] <<= normal(prediction(l)); }));
  auto F = free_energy(p, family(delta(h)));

  return program{kernel<"predict">(forward(p), predict(digit)),
                 kernel<"infer">(forward(p), until(tolerance(1e-6), at_most(1000), descend(F, h, rate(0.1)))),
                 kernel<"learn">(descend(F / count(batch), W, b, adam(speed))),
                 kernel<"energy">(F / count(batch))};
}

}  // namespace freefall::test

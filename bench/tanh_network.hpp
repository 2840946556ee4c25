#pragma once
// The network of pcn_bench, growth_bench and adamw_bench: x_l ~ N(W_l tanh(x_{l-1}) + b_l, I), image below,
// digit above, some inference steps for each learning step. The activation stands before the weights, as in
// hand/pcn.hpp, and applies to the image too.
#include <freefall/dsl.hpp>

/// Each `learn(F, W, b, learning_rate)` is a descent that follows inference; F is the mean over the batch.
template <int Hidden, int Steps, class... Learn>
freefall::program tanh_network(const Learn&... learn) {
  using namespace freefall;
  plate<"batch"> batch;
  axis<"pixel"> pixel;
  axis<"hidden"> hidden;
  axis<"label"> label;
  auto inference_rate = input<"inference_rate">();
  auto learning_rate = input<"learning_rate">();

  auto unit = join(pixel, layers<1, Hidden>([&](auto l) { return hidden[l]; }), label);
  auto image = variable<"image">(batch, pixel);
  auto h = layers<1, Hidden>([&](auto l) { return variable<"h">[l](batch, unit[l]); });
  auto digit = variable<"digit">(batch, label);
  auto x = join(image, h, digit);
  auto W = layers<1, Hidden + 1>([&](auto l) { return parameter<"W">[l](unit[l], unit[l - 1_c]); });
  auto b = layers<1, Hidden + 1>([&](auto l) { return parameter<"b">[l](unit[l]); });

  auto p = model<"pcn">(
      layers<1, Hidden + 1>([&](auto l) { return x[l] <<= normal(W[l] * tanh(x[l - 1_c]) + b[l]); }));
  auto q = family(layers<1, Hidden>([&](auto l) { return delta(h[l]); }));
  auto F = free_energy(p, q);
  return program{kernel<"train">(forward(p), repeat(Steps, descend(F, h, rate(inference_rate))),
                                 learn(F / count(batch), W, b, learning_rate)...)};
}

/// By gradient descent.
inline constexpr auto plain_descent = [](auto F, auto W, auto b, auto learning_rate) {
  return freefall::descend(F, W, b, freefall::sgd(learning_rate));
};

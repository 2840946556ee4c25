// The network of adamw_bench: three hidden layers, tanh, 8 inference steps for each learning step by Adam
// with decoupled weight decay (Loshchilov and Hutter 2019): a step of Adam on F, then one of descent on |W|^2
// / 2.
#include <freefall/dsl.hpp>

freefall::program define() {
  using namespace freefall;
  plate<"batch"> batch;
  axis<"pixel"> pixel;
  axis<"hidden"> hidden;
  axis<"label"> label;
  auto inference_rate = input<"inference_rate">();
  auto learning_rate = input<"learning_rate">();
  auto weight_decay = input<"weight_decay">();

  auto unit = join(pixel, layers<1, 3>([&](auto l) { return hidden[l]; }), label);
  auto image = variable<"image">(batch, pixel);
  auto h = layers<1, 3>([&](auto l) { return variable<"h">[l](batch, unit[l]); });
  auto digit = variable<"digit">(batch, label);
  auto x = join(image, h, digit);
  auto W = layers<1, 4>([&](auto l) { return parameter<"W">[l](unit[l], unit[l - 1_c]); });
  auto b = layers<1, 4>([&](auto l) { return parameter<"b">[l](unit[l]); });

  auto p =
      model<"pcn">(layers<1, 4>([&](auto l) { return x[l] <<= normal(W[l] * tanh(x[l - 1_c]) + b[l]); }));
  auto q = family(layers<1, 3>([&](auto l) { return delta(h[l]); }));
  auto F = free_energy(p, q);
  auto size = (sum(square(W[1_c]), hidden[1_c], pixel) + sum(square(W[2_c]), hidden[2_c], hidden[1_c]) +
               sum(square(W[3_c]), hidden[3_c], hidden[2_c]) + sum(square(W[4_c]), label, hidden[3_c])) /
              2;
  return program{kernel<"train">(forward(p), repeat(8, descend(F, h, rate(inference_rate))),
                                 descend(F / count(batch), W, b, adam(learning_rate)),
                                 descend(size, W, rate(learning_rate * weight_decay)))};
}

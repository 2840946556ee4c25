#pragma once
// Supervised hierarchical predictive coding of any depth, written once (Whittington and Bogacz 2017; Millidge
// 2021, sections 3.3 and 3.5). The image drives the first hidden layer, the digit is predicted at the end:
//
//   h1 ~ N(f(W1 image + b1), I),  h2 ~ N(f(W2 h1 + b2), I), ...,  digit ~ N(WL hL-1 + bL, I).

#include <freefall/dsl.hpp>

namespace pcn {

using namespace freefall;

enum class biases { no, yes };

/// `Layers` counts the layers of weights; `f` is the activation of the hidden ones; `Passes` inference steps
/// are made for each learning step.
template <int Layers, int Passes, biases Biases, class Activation>
program network(Activation f) {
  plate<"batch"> batch;
  axis<"pixel"> pixel;
  axis<"hidden"> hidden;
  axis<"label"> label;
  auto inference_rate = input<"inference_rate">();
  auto learning_rate = input<"learning_rate">();

  constexpr auto last = hana::int_c<Layers>;
  auto unit = join(pixel, layers<1, Layers - 1>([&](auto l) { return hidden[l]; }), label);
  auto image = variable<"image">(batch, pixel);
  auto h = layers<1, Layers - 1>([&](auto l) { return variable<"h">[l](batch, unit[l]); });
  auto digit = variable<"digit">(batch, label);
  auto x = join(image, h, digit);
  auto W = layers<1, Layers>([&](auto l) { return parameter<"W">[l](unit[l], unit[l - 1_c]); });

  // Everything that does not depend on whether there are biases.
  auto finish = [&](auto drive, auto state_biases, auto... parameters) {
    auto p = model<"pcn">(layers<1, Layers - 1>([&](auto l) { return h[l] <<= normal(f(drive(l))); }),
                          digit <<= normal(drive(last)));
    auto q = family(layers<1, Layers - 1>([&](auto l) { return delta(h[l]); }));
    auto F = free_energy(p, q);

    // The rules by hand (Millidge 2021, equations 3.8 and 3.9, repaired): g is the error times the slope of
    // the prediction.
    auto eps = [&](auto l) {
      if constexpr (l == last) {
        return digit - drive(l);
      } else {
        return h[l] - f(drive(l));
      }
    };
    auto g = [&](auto l) {
      if constexpr (l == last) {
        return eps(l);
      } else {
        return hadamard(eps(l), slope(f(drive(l))));
      }
    };
    layers<1, Layers - 1>([&](auto l) {
      reference(kernel<"infer">, h[l]) = eps(l) - g(l + 1_c) * W[l + 1_c];
      return l;
    });
    layers<1, Layers>([&](auto l) {
      reference(kernel<"train">, W[l]) = -dot(g(l), x[l - 1_c], batch) / count(batch);
      return l;
    });
    state_biases([&](auto l) { return -sum(g(l), batch) / count(batch); });

    auto settle = repeat(Passes, descend(F, h, rate(inference_rate)));
    return program{
        kernel<"predict">(forward(p), predict(digit)), kernel<"infer">(forward(p), settle),
        kernel<"train">(forward(p), settle, descend(F / count(batch), parameters..., adam(learning_rate))),
        kernel<"energy">(F / count(batch))};
  };
  if constexpr (Biases == biases::yes) {
    auto b = layers<1, Layers>([&](auto l) { return parameter<"b">[l](unit[l]); });
    auto state_biases = [&](auto rule) {
      layers<1, Layers>([&](auto l) {
        reference(kernel<"train">, b[l]) = rule(l);
        return l;
      });
    };
    return finish([&](auto l) { return W[l] * x[l - 1_c] + b[l]; }, state_biases, W, b);
  } else {
    return finish([&](auto l) { return W[l] * x[l - 1_c]; }, [](auto) {}, W);
  }
}

}  // namespace pcn

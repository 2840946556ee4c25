#pragma once
// A stack of two recurrent layers over time by predictive coding (Millidge, Tschantz and Buckley 2022,
// section 3.3, in the notation of the README): one latent vertex for each layer and tick, parameters shared
// over ticks.
//
//   h1[t] ~ N(tanh(W1 x[t] + U1 h1[t-1] + b1), I),  h2[t] ~ N(tanh(W2 h1[t] + U2 h2[t-1] + b2), I)
//   y[t] ~ N(V h2[t] + c, I)

#include <freefall/dsl.hpp>

namespace recurrent {

using namespace freefall;

/// `Passes` simultaneous inference steps are made by "relax", and at each tick by "relax_ticks".
template <int Passes>
program network() {
  plate<"batch"> batch;
  ticks<"t"> t;
  axis<"feature"> feature;
  axis<"lower"> lower;
  axis<"upper"> upper;
  axis<"label"> label;
  auto x = input<"x">(batch, t, feature);
  auto eta = input<"eta">();
  auto h1 = variable<"h1">(batch, t, lower);
  auto h2 = variable<"h2">(batch, t, upper);
  auto y = variable<"y">(batch, t, label);
  auto W1 = parameter<"W1">(lower, feature);
  auto U1 = parameter<"U1">(lower, lower.prime());
  auto b1 = parameter<"b1">(lower);
  auto W2 = parameter<"W2">(upper, lower);
  auto U2 = parameter<"U2">(upper, upper.prime());
  auto b2 = parameter<"b2">(upper);
  auto V = parameter<"V">(label, upper);
  auto c = parameter<"c">(label);

  auto p = model<"recurrent">(h1[t] <<= normal(tanh(W1 * x[t] + U1 * prime(h1[t - 1]) + b1)),
                              h2[t] <<= normal(tanh(W2 * h1[t] + U2 * prime(h2[t - 1]) + b2)),
                              y[t] <<= normal(V * h2[t] + c));
  auto F = free_energy(p, family(delta(h1), delta(h2)));

  // Without hold, by hand: g is the error times the slope of the prediction (Millidge, Tschantz and Buckley
  // 2022, equations of section 3.3, repaired).
  auto drive1 = W1 * x[t] + U1 * prime(h1[t - 1]) + b1;
  auto drive2 = W2 * h1[t] + U2 * prime(h2[t - 1]) + b2;
  auto eps_y = y - V * h2 - c;
  auto g1 = hadamard(h1 - tanh(drive1), slope(tanh(drive1)));
  auto g2 = hadamard(h2 - tanh(drive2), slope(tanh(drive2)));
  reference(kernel<"strict">, h1) = h1 - tanh(drive1) - g2 * W2 - prime(U1) * prime(shift(t)(g1));
  reference(kernel<"strict">, h2) = h2 - tanh(drive2) - eps_y * V - prime(U2) * prime(shift(t)(g2));
  // With hold: predictions and slopes read the held states.
  auto predicted1 = tanh(W1 * x[t] + U1 * prime(held(h1)[t - 1]) + b1);
  auto predicted2 = tanh(W2 * held(h1)[t] + U2 * prime(held(h2)[t - 1]) + b2);
  auto held1 = hadamard(h1 - predicted1, slope(predicted1));
  auto held2 = hadamard(h2 - predicted2, slope(predicted2));
  reference(kernel<"relax">, h1) = h1 - predicted1 - held2 * W2 - prime(U1) * prime(shift(t)(held1));
  reference(kernel<"relax">, h2) =
      h2 - predicted2 - (y - V * held(h2) - c) * V - prime(U2) * prime(shift(t)(held2));
  reference(gradient(F, V)) = -dot(eps_y, h2, batch, t);
  reference(gradient(F, U1)) = -dot(g1, prime(h1[t - 1]), batch, t);
  reference(gradient(F, W1)) = -dot(g1, x, batch, t);
  reference(gradient(F, W2)) = -dot(g2, h1, batch, t);
  reference(gradient(F, c)) = -sum(eps_y, batch, t);

  auto gradients = hana::make_tuple(evaluate<"by_W1">(gradient(F, W1)), evaluate<"by_U1">(gradient(F, U1)),
                                    evaluate<"by_b1">(gradient(F, b1)), evaluate<"by_W2">(gradient(F, W2)),
                                    evaluate<"by_U2">(gradient(F, U2)), evaluate<"by_b2">(gradient(F, b2)),
                                    evaluate<"by_V">(gradient(F, V)), evaluate<"by_c">(gradient(F, c)));
  auto fall = descend(F, h1, h2, rate(eta));
  return program{
      kernel<"predict">(forward(p), predict(y)),
      // All layers and ticks at once.
      kernel<"relax">(forward(p), hold(predictions(p)), repeat(Passes, fall), gradients),
      // From the last tick back, each tick until it is settled before the one before it starts.
      kernel<"relax_ticks">(forward(p), hold(predictions(p)), each_tick_backwards(t, repeat(Passes, fall)),
                            gradients),
      // The fixed point in one pass: backpropagation through time.
      kernel<"sweep">(forward(p), hold(predictions(p)),
                      each_tick_backwards(t, children_first(descend(F, h1, h2, rate(1)))), gradients),
      // Without hold: a descent of F.
      kernel<"strict">(forward(p), repeat(Passes, fall), evaluate<"energy">(F))};
}

}  // namespace recurrent

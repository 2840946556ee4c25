// The equations of the spiking autoencoder as they are printed in Bourdoukan and Deneve 2015, "Enforcing
// balance allows local supervised learning in spiking recurrent networks", sections 1 and 2; they hold.
//
// F is encoding(neuron, signal), D = F^T the optimal decoder, r the filtered spikes. The objective is |x - D
// r|^2 / 2; that of the paper is twice as much, which changes no spike.
#include <freefall/dsl.hpp>

using namespace freefall;

freefall::program define() {
  axis<"neuron"> neuron;
  axis<"signal"> signal;
  auto x = variable<"x">(signal);
  auto r = variable<"r">(neuron);
  auto V = input<"V">(neuron);
  auto beta = input<"beta">();
  auto eta = input<"eta">();
  auto encoding = parameter<"encoding">(neuron, signal);
  auto W = parameter<"W">(neuron, neuron.prime());

  auto estimate = r * encoding;
  auto p = model<"autoencoder">(r <<= normal(0, precision(beta)), x <<= normal(estimate));
  auto E = sum(square(x - estimate), signal) / 2;
  // What a spike of a neuron changes E by is V_i + T_i: E is quadratic in r.
  reference(-gradient(E, r), printed("Bourdoukan and Deneve 2015", "V = F (x - x^)")) =
      encoding * (x - estimate);
  reference(gradient(sum(square(V + beta * W), neuron, neuron.prime()) / (2 * beta), W),
            printed("Bourdoukan and Deneve 2015", "2")) = V + beta * W;

  auto F = free_energy(p, family(delta(r)));
  return program{kernel<"infer">(descend(F, r, rate(eta))), kernel<"learn">(descend(F, encoding, sgd(eta)))};
}

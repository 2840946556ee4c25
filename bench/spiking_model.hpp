#pragma once
// The network of spiking_bench: spikes as greedy descent of a squared error, couplings learned at spikes from
// the voltages (models/spiking_autoencoder has the other forms).
#include <freefall/dsl.hpp>

namespace freefall::bench::spiking {

// One tick a call, or, over an axis of ticks, as many as it has.
template <class... Time>
program network(const Time&... t) {
  axis<"signal"> signal;
  axis<"neuron"> neuron;
  auto leak = constant<"leak">();
  auto u = input<"u">(t..., signal);
  auto xi = input<"xi">(t..., neuron);
  auto nu = input<"nu">(t..., neuron);
  auto eta = constant<"eta">();
  auto beta = constant<"beta">();

  auto x = trace<"x">(signal, decay(leak), drive(u));
  auto noise = trace<"noise">(neuron, decay(leak), drive(xi));
  auto r = trace<"r">(neuron, decay(leak));
  auto D = constant<"D">(signal, neuron);
  auto W = parameter<"W">(neuron.prime(), neuron);  // what one sends lies in one piece

  auto E = sum(square(x - D * r), signal) / 2 - dot(noise, r) + dot(nu, r);
  auto spikes = greedy(E, r);
  auto learner = voltage<"V">(spikes, W);
  auto L = sum(hadamard(prime(spike(spikes)), square(learner.value + beta * W)), neuron, neuron.prime()) /
           (2 * beta);
  auto go_on = advance(x, r, learner);
  auto spike_and_learn = fire(learner, one_winner, on_spike(descend(L, W, rate(eta))));
  if constexpr (sizeof...(Time) == 0) {
    return program{kernel<"step">(go_on, spike_and_learn)};
  } else {
    return program{kernel<"run">(each_tick(t..., go_on, spike_and_learn))};
  }
}

}  // namespace freefall::bench::spiking

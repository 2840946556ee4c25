// A balanced spiking network that learns to code a signal (Brendel, Bourdoukan, Vertechi, Machens and Deneve
// 2020; Boerlin, Machens and Deneve 2013): spikes as greedy descent of a squared error.
#include <freefall/dsl.hpp>

using namespace freefall;

program define() {
  axis<"signal"> signal;
  axis<"neuron"> neuron;
  auto leak = input<"leak">();    // lambda dt
  auto u = input<"u">(signal);    // dt s: what drives the signal in a tick
  auto xi = input<"xi">(neuron);  // noise of the voltages in a tick
  auto nu = input<"nu">(neuron);  // cost of a spike: constant, or drawn anew for every tick
  auto mu = input<"mu">();        // quadratic cost
  auto eta = input<"eta">();
  auto beta = input<"beta">();

  auto x = trace<"x">(signal, decay(leak), drive(u));
  auto noise = trace<"noise">(neuron, decay(leak), drive(xi));
  auto r = trace<"r">(neuron, decay(leak));
  auto D = parameter<"D">(signal, neuron);          // read-out
  auto W = parameter<"W">(neuron, neuron.prime());  // fast couplings

  auto error = x - D * r;
  auto E = sum(square(error), signal) / 2 - dot(noise, r) + dot(nu, r) + mu * dot(r, r) / 2;

  auto feedback = greedy(E, r);                      // unconnected neurons that read the error
  auto recurrent = voltage<"V">(feedback);           // the network that needs no error
  auto learner = voltage<"V_learned">(feedback, W);  // its couplings learned

  // Regression of the voltage before a spike on who spikes.
  auto L = sum(hadamard(prime(spike(feedback)), square(learner.value + beta * W)), neuron, neuron.prime()) /
           (2 * beta);

  // By hand (Boerlin, Machens and Deneve 2013, with a quadratic cost): D_i . error; half of what a spike of
  // its own does to it; what spikes do to voltages; and the rule of learning (Bourdoukan and Deneve 2015,
  // equation 2).
  reference(voltage_of(feedback)) = error * D + noise - mu * r;
  reference(threshold_of(feedback)) = (sum(square(D), signal) + mu) / 2 + nu;
  reference(couplings_of(recurrent)) = -dot(D, prime(D, neuron), signal) - mu * identity(neuron);
  reference(kernel<"learn">, W) = hadamard(prime(spike(feedback)), learner.value + beta * W);

  return program{
      kernel<"step_feedback">(advance(x, noise, r), fire(feedback, one_winner)),
      kernel<"step_recurrent">(advance(x, noise, r, recurrent), fire(recurrent, one_winner)),
      kernel<"drain_feedback">(advance(x, noise, r), fire(feedback, drain(50))),
      kernel<"drain_recurrent">(advance(x, noise, r, recurrent), fire(recurrent, drain(50))),
      kernel<"run">(advance(x, r, learner), fire(learner, one_winner)),
      kernel<"learn">(advance(x, r, learner), fire(learner, one_winner, on_spike(descend(L, W, rate(eta))))),
      kernel<"energy">(E)};
}

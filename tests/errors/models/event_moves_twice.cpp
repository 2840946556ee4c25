// derive
program event_moves_twice() {
  axis<"neuron"> neuron;
  auto r = trace<"r">(neuron, decay(0.1));
  auto E = sum(square(r - 1), neuron);
  auto g = greedy(E, r);
  return program(kernel<"step">(fire(g, one_winner, on_spike(descend(E, r, rate(1))))));
}

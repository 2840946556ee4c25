// derive
program event_with_other_statement() {
  axis<"neuron"> neuron;
  auto r = trace<"r">(neuron, decay(0.1));
  auto g = greedy(sum(square(r - 1), neuron), r);
  return program(kernel<"step">(fire(g, one_winner, on_spike(advance(r)))));
}

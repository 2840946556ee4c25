// derive
program voltage_of_two_leaks() {
  axis<"neuron"> neuron;
  axis<"signal"> signal;
  auto x = trace<"x">(signal, decay(0.5));
  auto r = trace<"r">(neuron, decay(0.1));
  auto D = parameter<"D">(signal, neuron);
  auto g = greedy(sum(square(x - D * r), signal), r);
  auto n = voltage<"V">(g);
  return program(kernel<"step">(advance(x, r, n), fire(n, one_winner)));
}

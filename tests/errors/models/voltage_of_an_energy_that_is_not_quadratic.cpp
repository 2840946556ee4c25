// derive
program voltage_of_an_energy_that_is_not_quadratic() {
  axis<"neuron"> neuron;
  auto r = trace<"r">(neuron, decay(0.1));
  auto g = greedy(sum(exp(r), neuron), r);
  auto n = voltage<"V">(g);
  return program(kernel<"step">(advance(r, n), fire(n, one_winner)));
}

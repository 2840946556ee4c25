// derive
program drain_of_one() {
  axis<"neuron"> neuron;
  auto r = trace<"r">(neuron, decay(0.1));
  auto g = greedy(sum(square(r - 1), neuron), r);
  return program(kernel<"step">(fire(g, drain(1))));
}

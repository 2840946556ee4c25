// derive
program energy_outside_its_tick() {
  ticks<"t"> t;
  axis<"neuron"> neuron;
  auto cost = input<"cost">(t, neuron);
  auto r = trace<"r">(neuron, decay(0.1));
  auto g = greedy(sum(square(r - 1), neuron) + dot(cost[t], r), r);
  return program{kernel<"step">(advance(r), fire(g, one_winner))};
}

// derive
program carried_over_its_own_axis() {
  ticks<"t"> t;
  axis<"neuron"> neuron;
  auto u = input<"u">(t, neuron);
  auto x = trace<"x">(t, neuron, decay(0.1), drive(u[t]));
  auto r = trace<"r">(neuron, decay(0.1));
  auto g = greedy(sum(square(r - x[t]), neuron), r);
  return program{kernel<"run">(each_tick(t, advance(r, x), fire(g, one_winner)))};
}

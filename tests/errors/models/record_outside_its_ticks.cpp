// derive
program record_outside_its_ticks() {
  ticks<"t"> t;
  axis<"neuron"> neuron;
  auto u = input<"u">(t, neuron);
  auto x = trace<"x">(neuron, decay(0.1), drive(u[t]));
  auto r = trace<"r">(neuron, decay(0.1));
  auto g = greedy(sum(square(r - x), neuron), r);
  return program{kernel<"run">(each_tick(t, advance(r, x), fire(g, one_winner)), record<"seen">(t, r))};
}

// derive
program advance_of_what_nothing_reads() {
  axis<"state"> state;
  auto x = variable<"x">(state);
  auto F = free_energy(model<"filter">(x <<= normal(0)), family(delta(x)));
  return program{kernel<"tick">(advance(x), descend(F, x, rate(0.1)))};
}

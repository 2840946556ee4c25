// derive
program normal_of_an_outcome() {
  axis<"place"> place;
  auto s = one_of<"s">(place);
  auto F = free_energy(model<"odd">(s <<= normal(0)), family(delta(s)));
  return program{kernel<"energy">(F)};
}

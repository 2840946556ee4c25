// derive
program outcome_under_delta() {
  axis<"place"> place;
  auto s = one_of<"s">(place);
  auto d = parameter<"d">(place);
  auto F = free_energy(model<"odd">(s <<= categorical(d)), family(delta(s)));
  return program{kernel<"energy">(F)};
}

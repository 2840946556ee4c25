// derive
program categorical_of_a_number() {
  axis<"place"> place;
  auto s = variable<"s">(place);
  auto d = parameter<"d">(place);
  auto F = free_energy(model<"odd">(s <<= categorical(d)), family(categorical(s)));
  return program{kernel<"energy">(F)};
}

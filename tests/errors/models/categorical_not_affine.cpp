// derive
program categorical_not_affine() {
  axis<"place"> place;
  auto s = one_of<"s">(place);
  auto o = one_of<"o">(place);
  auto d = parameter<"d">(place);
  auto p = model<"odd">(s <<= categorical(d), o <<= categorical(hadamard(s, s) + d));
  auto F = free_energy(p, family(categorical(s)));
  return program{kernel<"energy">(F)};
}

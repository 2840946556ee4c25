// derive
program outcome_without_preference() {
  axis<"place"> place;
  axis<"seen"> seen;
  auto s = one_of<"s">(place);
  auto o = one_of<"o">(seen);
  auto d = parameter<"d">(place);
  auto A = parameter<"A">(seen, place);
  auto p = model<"maze">(s <<= categorical(d), o <<= categorical(A(s)));
  auto G = expected_free_energy(p, family(categorical(s)));
  return program{kernel<"plan">(G)};
}

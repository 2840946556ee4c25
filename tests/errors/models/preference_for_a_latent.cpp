// derive
program preference_for_a_latent() {
  axis<"place"> place;
  axis<"seen"> seen;
  auto s = one_of<"s">(place);
  auto o = one_of<"o">(seen);
  auto d = parameter<"d">(place);
  auto A = parameter<"A">(seen, place);
  auto p = model<"maze">(s <<= categorical(d), o <<= categorical(A(s)));
  auto G = expected_free_energy(p, family(categorical(s)), preference(o, 1 / count(seen)), preference(s, d));
  return program{kernel<"plan">(G)};
}

// derive
program posterior_in_use_is_missing() {
  axis<"place"> place;
  axis<"seen"> seen;
  auto s = one_of<"s">(place);
  auto o = one_of<"o">(seen);
  auto d = input<"d">(place);
  auto A = input<"A">(seen, place);
  auto p = model<"maze">(s <<= categorical(d), o <<= categorical(A(s)));
  auto J = joint_divergence(p, family(categorical(s)), preference(o, 1 / count(seen)));
  return program{kernel<"run">(J)};
}

// derive
program dirichlet_below_exact() {
  axis<"place"> place;
  auto before = one_of<"before">(place);
  auto s = one_of<"s">(place);
  auto B = variable<"B">(place, place.prime());
  auto q = family(exact(s), dirichlet(B));
  auto F = free_energy(model<"tick">(B <<= dirichlet(1), s <<= categorical(B(before))), q);
  return program{kernel<"energy">(F)};
}

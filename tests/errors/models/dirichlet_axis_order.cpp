// derive
program dirichlet_axis_order() {
  axis<"place"> place;
  axis<"seen"> seen;
  auto s = one_of<"s">(place);
  auto o = one_of<"o">(seen);
  auto d = input<"d">(place);
  auto A = variable<"A">(place, seen);
  auto q = family(categorical(s), dirichlet(A));
  auto F = free_energy(model<"turned">(A <<= dirichlet(1), s <<= categorical(d), o <<= categorical(A(s))), q);
  return program{kernel<"energy">(F)};
}

// derive
program solve_of_a_changed_categorical() {
  axis<"place"> place;
  auto s = one_of<"s">(place);
  auto d = parameter<"d">(place);
  auto q = family(categorical(s));
  auto F = free_energy(model<"plain">(s <<= categorical(d)), q);
  return program{kernel<"run">(solve(F + sum(square(s), place), q, s))};
}

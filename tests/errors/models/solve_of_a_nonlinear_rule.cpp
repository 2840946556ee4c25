// derive
program solve_of_a_nonlinear_rule() {
  axis<"state"> state;
  auto x = variable<"x">(state);
  auto y = variable<"y">(state);
  auto p = model<"filter">(x <<= normal(0), y <<= normal(tanh(x)));
  auto F = free_energy(p, family(delta(x)));
  return program{kernel<"tick">(solve(F, x))};
}

// derive
program solve_of_a_changed_dirichlet() {
  axis<"seen"> seen;
  auto A = variable<"A">(seen);
  auto q = family(dirichlet(A));
  auto F = free_energy(model<"table">(A <<= dirichlet(1)), q);
  return program{kernel<"run">(solve(F + sum(square(concentration(q, A)), seen), q, A))};
}

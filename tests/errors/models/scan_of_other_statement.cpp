// derive
program scan_of_other_statement() {
  axis<"unit"> unit;
  auto x = variable<"x">(unit);
  auto p = model<"chain">(x <<= normal(0));
  auto F = free_energy(p, family(delta(x)));
  return program{kernel<"infer">(scan(unit, forward(p))), kernel<"energy">(F)};
}

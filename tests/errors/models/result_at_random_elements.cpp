// derive
program result_at_random_elements() {
  axis<"unit"> unit;
  auto x = variable<"x">(unit);
  auto p = model<"chain">(x <<= normal(0));
  auto F = free_energy(p, family(delta(x)));
  return program{kernel<"infer">(scan_at_random(unit, descend(F, x, rate(0.1)), evaluate<"seen">(2 * x)))};
}

// derive
program passes_none() {
  axis<"cause"> cause;
  auto x = variable<"x">(cause);
  auto p = model<"sensor">(x <<= normal(0));
  auto F = free_energy(p, family(delta(x)));
  return program{kernel<"infer">(until(tolerance(1e-6), at_most(0), descend(F, x, rate(0.1))))};
}

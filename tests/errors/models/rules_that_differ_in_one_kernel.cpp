// verify
program rules_that_differ_in_one_kernel() {
  axis<"cause"> cause;
  auto x = variable<"x">(cause);
  auto F = free_energy(model<"sensor">(x <<= normal(0)), family(delta(x)));
  reference(kernel<"infer">, x) = x;
  return program{kernel<"infer">(descend(F, x, rate(0.1)), descend(2 * F, x, rate(0.1)))};
}

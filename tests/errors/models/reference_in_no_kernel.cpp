// derive
program reference_in_no_kernel() {
  axis<"cause"> cause;
  auto x = variable<"x">(cause);
  auto F = free_energy(model<"sensor">(x <<= normal(0)), family(delta(x)));
  reference(kernel<"relax">, x) = x;
  return program{kernel<"infer">(descend(F, x, rate(0.1)))};
}

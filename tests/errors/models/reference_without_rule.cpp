// derive
program reference_without_rule() {
  axis<"cause"> cause;
  auto x = variable<"x">(cause);
  auto y = variable<"y">(cause);
  auto F = free_energy(model<"sensor">(x <<= normal(0), y <<= normal(x)), family(delta(x)));
  reference(kernel<"infer">, y) = y - x;
  return program{kernel<"infer">(descend(F, x, rate(0.1)))};
}

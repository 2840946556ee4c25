// verify
program verify_without_reference() {
  axis<"cause"> cause;
  auto x = variable<"x">(cause);
  auto F = free_energy(model<"sensor">(x <<= normal(0)), family(delta(x)));
  return program{kernel<"infer">(descend(F, x, rate(0.1)))};
}

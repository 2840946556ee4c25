// derive
program tolerance_is_negative() {
  axis<"cause"> cause;
  auto x = variable<"x">(cause);
  auto F = free_energy(model<"sensor">(x <<= normal(0)), family(delta(x)));
  return program{kernel<"infer">(until(tolerance(-1.0), at_most(10), descend(F, x, rate(0.1))))};
}

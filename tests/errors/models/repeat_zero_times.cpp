// derive
program repeat_zero_times() {
  axis<"cause"> cause;
  auto x = variable<"x">(cause);
  auto F = free_energy(model<"sensor">(x <<= normal(0)), family(delta(x)));
  return program{kernel<"infer">(repeat(0, descend(F, x, rate(0.1))))};
}

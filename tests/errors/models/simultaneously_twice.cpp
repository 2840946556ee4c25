// derive
program simultaneously_twice() {
  axis<"cause"> cause;
  auto x = variable<"x">(cause);
  auto F = free_energy(model<"sensor">(x <<= normal(0)), family(delta(x)));
  return program{kernel<"infer">(simultaneously(descend(F, x, rate(0.1)), descend(2 * F, x, rate(0.1))))};
}

// derive
program kernel_named_like_an_array() {
  axis<"cause"> cause;
  auto x = variable<"x">(cause);
  auto p = model<"sensor">(x <<= normal(0));
  auto F = free_energy(p, family(delta(x)));
  return program{kernel<"x">(descend(F, x, rate(0.1)))};
}

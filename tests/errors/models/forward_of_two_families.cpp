// derive
program forward_of_two_families() {
  axis<"cause"> cause;
  auto x = variable<"x">(cause);
  auto y = variable<"y">(cause);
  auto p = model<"sensor">(x <<= normal(0), y <<= normal(x));
  auto F = free_energy(p, family(delta(x)));
  auto G = free_energy(p, family(delta(x), delta(y)));
  return program{kernel<"infer">(forward(p), descend(F, x, rate(0.1))), kernel<"other">(G)};
}

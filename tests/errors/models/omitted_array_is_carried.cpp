// emit --out out --axes unit=3 --omit x
program omitted_array_is_carried() {
  axis<"unit"> unit;
  auto m = input<"m">(unit);
  auto x = variable<"x">(unit);
  auto y = variable<"y">(unit);
  auto p = model<"pair">(x <<= normal(m), y <<= normal(tanh(x)));
  auto F = free_energy(p, family(delta(x)));
  return program{kernel<"settle">(repeat(5, descend(F, x, rate(0.1))))};
}

// emit --out out --axes unit=3 --trust m,z
program trusted_array_is_unknown() {
  axis<"unit"> unit;
  auto m = input<"m">(unit);
  auto x = variable<"x">(unit);
  auto y = variable<"y">(unit);
  auto p = model<"pair">(x <<= normal(m), y <<= normal(tanh(x)));
  auto q = family(delta(x));
  auto F = free_energy(p, q);
  return program{kernel<"settle">(forward(p, q), evaluate<"F">(F))};
}

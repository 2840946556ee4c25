// emit --out out --axes unit=3 --trust m
program trusted_array_is_constant() {
  axis<"unit"> unit;
  auto m = constant<"m">(unit);
  auto x = variable<"x">(unit);
  auto y = variable<"y">(unit);
  auto p = model<"pair">(x <<= normal(m), y <<= normal(tanh(x)));
  auto q = family(delta(x));
  return program{kernel<"settle">(repeat(10, descend(free_energy(p, q), x, rate(0.1))))};
}

// derive
program bernoulli_not_affine() {
  axis<"unit"> unit;
  auto x = variable<"x">(unit);
  auto y = variable<"y">(unit);
  auto W = parameter<"W">(unit, unit.prime());
  auto p = model<"deep">(x <<= continuous_bernoulli(1), y <<= continuous_bernoulli(W * prime(x)));
  auto F = free_energy(p, family(continuous_bernoulli(x)));
  return program{kernel<"energy">(F)};
}

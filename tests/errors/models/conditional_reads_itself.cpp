// derive
program conditional_reads_itself() {
  axis<"unit"> unit;
  auto x = variable<"x">(unit);
  auto J = parameter<"J">(unit, unit.prime());
  auto q = family(continuous_bernoulli(x));
  auto F = local_free_energy(conditionals<"net">(x <<= continuous_bernoulli(J * prime(x))), q);
  return program{kernel<"run">(solve(F, q))};
}

// emit --out out --axes signal=2 unit=3 --omit r_excess,r_gain,r_winner,r_spike --trust nu
program trusted_array_is_compared() {
  axis<"signal"> signal;
  axis<"unit"> unit;
  auto u = input<"u">(signal);
  auto nu = input<"nu">(unit);
  auto x = trace<"x">(signal, decay(0.1), drive(u));
  auto r = trace<"r">(unit, decay(0.1));
  auto D = parameter<"D">(signal, unit);
  auto E = sum(square(x - D * r), signal) / 2 + dot(nu, r);
  auto firing = greedy(E, r);
  auto membrane = voltage<"V">(firing);
  return program{kernel<"step">(advance(x, r, membrane), fire(membrane, one_winner))};
}

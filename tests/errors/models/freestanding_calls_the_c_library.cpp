// emit --freestanding --scalar double --axes unit=3 batch=2
program freestanding_calls_the_c_library() {
  plate<"batch"> batch;
  axis<"unit"> unit;
  auto x = variable<"x">(batch, unit);
  auto o = variable<"o">(batch, unit);
  auto a = parameter<"a">(unit);
  auto b = parameter<"b">(unit);
  auto p = model<"angles">(x <<= normal(log_gamma(a) + pow(b, 6)), o <<= normal(exp(x)));
  auto F = free_energy(p, family(delta(x)));
  return program{kernel<"infer">(repeat(10, descend(F, x, rate(0.1)))),
                 kernel<"learn">(descend(F, a, b, adam(0.01)))};
}

// derive
program descent_of_evidence() {
  axis<"cause"> cause;
  auto x = variable<"x">(cause);
  auto y = variable<"y">(cause);
  auto p = model<"sensor">(x <<= normal(0), y <<= normal(x));
  auto E = evidence_lower_bound(p, family(delta(x)));
  return program{kernel<"infer">(descend(E, x, rate(0.1)))};
}

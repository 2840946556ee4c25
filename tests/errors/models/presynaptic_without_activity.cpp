// derive
program presynaptic_without_activity() {
  axis<"unit"> unit;
  auto x = variable<"x">(unit);
  auto b = parameter<"b">(unit);
  auto S = surprise(x, continuous_bernoulli(b));
  return program{kernel<"learn">(descend(S, b, rate(0.1), presynaptic(x)))};
}

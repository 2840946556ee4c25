// derive
program prediction_by_two_models() {
  axis<"cause"> cause;
  auto x = variable<"x">(cause);
  auto y = variable<"y">(cause);
  auto p = model<"one">(x <<= normal(0), y <<= normal(x));
  model<"other">(y <<= normal(1));
  auto F = free_energy(p, family(delta(x)));
  return program{kernel<"energy">(F), kernel<"guess">(predict(y))};
}

// derive
program held_under_gaussian() {
  axis<"state"> state;
  auto x = variable<"x">(state);
  auto y = variable<"y">(state);
  auto p = model<"filter">(x <<= normal(0), y <<= normal(x));
  auto F = free_energy(p, family(gaussian(x)));
  return program{kernel<"infer">(hold(predictions(p)), descend(F, x, rate(0.1)))};
}

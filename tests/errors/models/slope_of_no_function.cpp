// derive
program slope_of_no_function() {
  axis<"cause"> cause;
  auto x = variable<"x">(cause);
  auto F = free_energy(model<"sensor">(x <<= normal(0)), family(delta(x)));
  reference(kernel<"infer">, x) = slope(x + 1);
  return program{kernel<"infer">(descend(F, x, rate(0.1)))};
}

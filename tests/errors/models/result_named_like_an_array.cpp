// derive
program result_named_like_an_array() {
  axis<"cause"> cause;
  auto x = variable<"x">(cause);
  auto F = free_energy(model<"sensor">(x <<= normal(0)), family(delta(x)));
  return program{kernel<"energy">(evaluate<"x">(F))};
}

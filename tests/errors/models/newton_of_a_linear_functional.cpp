// derive
program newton_of_a_linear_functional() {
  axis<"state"> state;
  auto x = variable<"x">(state);
  auto c = input<"c">(state);
  auto F = free_energy(model<"plane">(x <<= normal(0)), family(delta(x)));
  return program{kernel<"infer">(descend(sum(hadamard(c, x), state), x, newton())), kernel<"energy">(F)};
}

// derive
program forward_of_no_mean() {
  axis<"cause"> cause;
  auto x = variable<"x">(cause);
  auto p = model<"energy">(x <<= gibbs(softplus(x) - x / 2));
  auto F = free_energy(p, family(delta(x)));
  return program{kernel<"infer">(forward(p), descend(F, x, rate(0.1)))};
}

// derive
program moving_frame_without_orders() {
  axis<"state"> state;
  axis<"order"> order;
  auto D = shift(order);
  auto x = variable<"x">(state);
  auto p = model<"still">(x <<= normal(0));
  auto F = free_energy(p, family(delta(x)));
  return program{kernel<"tick">(descend(F, x, moving_frame(D, 0.1)))};
}

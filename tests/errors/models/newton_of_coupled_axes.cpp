// derive
program newton_of_coupled_axes() {
  axis<"row"> row;
  axis<"column"> column;
  auto x = variable<"x">(row, column);
  auto p = model<"grid">(x <<= normal(0));
  auto F = free_energy(p, family(delta(x)));
  return program{kernel<"infer">(descend(F, x, newton()))};
}

// derive
program counts_of_several_axes() {
  axis<"row"> row;
  axis<"column"> column;
  auto r = trace<"r">(row, column, decay(0.1));
  auto g = greedy(sum(square(r), row, column), r);
  return program(kernel<"step">(fire(g, one_winner)));
}

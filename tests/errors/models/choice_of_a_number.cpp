// derive
program choice_of_a_number() {
  axis<"place"> place;
  auto a = variable<"a">(place);
  auto s = one_of<"s">(place);
  auto d = input<"d">(place);
  auto F = free_energy(model<"maze">(s <<= categorical(d)), family(categorical(s)));
  return program{kernel<"act">(choose(a, d)), kernel<"energy">(F)};
}

// emit --out out --axes state=3 outcome=4 --trust o
program trusted_array_holds_indices() {
  axis<"state"> state;
  axis<"outcome"> outcome;
  auto A = parameter<"A">(outcome, state);
  auto d = input<"d">(state);
  auto s = one_of<"s">(state);
  auto o = index_of<"o">(outcome);
  auto p = model<"maze">(s <<= categorical(d), o <<= categorical(A(s)));
  auto q = family(exact(s));
  return program{kernel<"see">(solve(free_energy(p, q), q, s))};
}

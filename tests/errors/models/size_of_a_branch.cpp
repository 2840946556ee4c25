// emit --out out --axes place=2 move=3 first=4 run=1
program size_of_a_branch() {
  axis<"place"> place;
  axis<"move"> move;
  auto first = branch<"first">(move);
  plate<"run"> run;
  auto s = one_of<"s">(run, first, place);
  auto d = input<"d">(place);
  auto B = input<"B">(place, place.prime(), move);
  auto before = one_of<"before">(place);
  auto p = model<"maze">(before <<= categorical(d), s <<= categorical(B(before, first)));
  auto q = family(exact(before), exact(s));
  auto F = free_energy(p, q);
  return program{kernel<"energy">(F)};
}

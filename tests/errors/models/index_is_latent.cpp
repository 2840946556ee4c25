// derive
program index_is_latent() {
  axis<"place"> place;
  auto s = index_of<"s">(place);
  auto d = input<"d">(place);
  auto F = free_energy(model<"maze">(s <<= categorical(d)), family(categorical(s)));
  return program{kernel<"energy">(F)};
}

// derive
program earlier_tick_is_later() {
  ticks<"t"> t;
  axis<"hidden"> hidden;
  auto h = variable<"h">(t, hidden);
  auto p = model<"rnn">(h <<= normal(h[t - 0]));
  auto F = free_energy(p, family(delta(h)));
  return program{kernel<"energy">(F)};
}

// derive
program array_declared_twice() {
  plate<"batch"> batch;
  axis<"hidden"> hidden;
  for (int layer = 0; layer < 2; ++layer) variable<"h">(batch, hidden);
  auto h = variable<"x">(batch, hidden);
  auto F = free_energy(model<"net">(h <<= normal(0)), family(delta(h)));
  return program{kernel<"energy">(F)};
}

#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  plate<"batch"> batch;
  axis<"move"> move;
  auto first = branch<"first">(batch);
  auto d = input<"d">(move);
  auto s = one_of<"s">(first, move);
  auto p = model<"maze">(s <<= categorical(d));
  auto q = family(categorical(s));
  auto F = free_energy(p, q);
  return program{kernel<"energy">(F)};
}

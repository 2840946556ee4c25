#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  plate<"batch"> batch;
  axis<"place"> place;
  auto s = one_of<"s">(batch, place);
  auto d = parameter<"d">(place);
  auto p = model<"maze">(s <<= categorical(d));
  auto q = family(categorical(s));
  auto F = free_energy(p, q);
  return program{kernel<"energy">(F)};
}

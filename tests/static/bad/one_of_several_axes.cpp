#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  plate<"batch"> batch;
  axis<"place"> place;
  axis<"context"> context;
  auto s = one_of<"s">(batch, place, context);
  auto d = parameter<"d">(place, context);
  auto p = model<"maze">(s <<= categorical(d));
  auto q = family(categorical(s));
  auto F = free_energy(p, q);
  return program{kernel<"energy">(F)};
}

#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"place"> place;
  auto s = variable<"s">(place);
  auto d = parameter<"d">(place);
  auto p = model<"maze">(s <<= normal(d));
  auto q = family(delta(s));
  auto F = free_energy(p, q);
  return program{kernel<"infer">(solve(F, q, s))};
}

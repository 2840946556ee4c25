#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"place"> place;
  axis<"seen"> seen;
  auto s = one_of<"s">(place);
  auto x = variable<"x">(seen);
  auto d = parameter<"d">(place);
  auto M = parameter<"M">(seen, place);
  auto p = model<"maze">(s <<= categorical(d), x <<= normal(M * s));
  auto q = family(categorical(s));
  auto F = free_energy(p, q);
  return program{kernel<"infer">(solve(F, q, s))};
}

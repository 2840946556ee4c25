#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"place"> place;
  axis<"seen"> seen;
  auto s = one_of<"s">(place);
  auto o = one_of<"o">(seen);
  auto d = parameter<"d">(place);
  auto A = parameter<"A">(seen, place);
  auto p = model<"maze">(s <<= categorical(d), o <<= categorical(A(s)));
  auto q = family(categorical(s));
  auto F = free_energy(p, q);
  return program{kernel<"infer">(solve(F, q, s))};
}

#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"place"> place;
  axis<"seen"> seen;
  auto s = one_of<"s">(place);
  auto o = one_of<"o">(seen);
  auto d = parameter<"d">(place);
  auto A = parameter<"A">(seen, place);
  auto C = input<"C">(seen);
  auto p = model<"maze">(s <<= categorical(d), o <<= categorical(A(s)));
  auto q = family(categorical(s));
  auto G = expected_free_energy(p, q, preference(o, C));
  return program{kernel<"plan">(forward(p, q), evaluate<"G">(G))};
}

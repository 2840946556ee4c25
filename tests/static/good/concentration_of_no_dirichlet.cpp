#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"place"> place;
  axis<"seen"> seen;
  auto s = one_of<"s">(place);
  auto o = one_of<"o">(seen);
  auto d = input<"d">(place);
  auto A = variable<"A">(seen, place);
  auto p = model<"learn">(A <<= dirichlet(1), s <<= categorical(d), o <<= categorical(A(s)));
  auto q = family(categorical(s), dirichlet(A));
  auto F = free_energy(p, q);
  return program{kernel<"learn">(sum(concentration(q, A), seen, place))};
}

#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  plate<"batch"> batch;
  axis<"place"> place;
  auto A = variable<"A">(batch, place);
  auto p = model<"learn">(A <<= dirichlet(1));
  auto q = family(dirichlet(A));
  auto F = free_energy(p, q);
  return program{kernel<"energy">(F)};
}

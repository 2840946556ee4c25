#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"unit"> unit;
  auto x = variable<"x">(unit);
  auto J = parameter<"J">(unit, unit.prime(), no_diagonal);
  auto y = variable<"y">(unit);
  auto p =
      conditionals<"net">(x <<= continuous_bernoulli(J * prime(y)), y <<= continuous_bernoulli(J * prime(x)));
  auto q = family(continuous_bernoulli(x));
  auto F = local_free_energy(p, q);
  return program{kernel<"run">(solve(F, q))};
}

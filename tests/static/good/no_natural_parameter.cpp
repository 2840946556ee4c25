#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"unit"> unit;
  auto x = variable<"x">(unit);
  auto J = parameter<"J">(unit, unit.prime(), no_diagonal);
  auto p = conditionals<"net">(x <<= continuous_bernoulli(J * prime(x)));
  auto q = family(continuous_bernoulli(x));
  return program{kernel<"run">(draw(q))};
}

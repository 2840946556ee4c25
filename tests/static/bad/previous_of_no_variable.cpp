#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"unit"> unit;
  auto x = variable<"x">(unit);
  auto J = parameter<"J">(unit, unit.prime(), no_diagonal);
  auto u = input<"u">(unit);
  auto S = surprise(x, continuous_bernoulli(J * prime(previous(u))));
  return program{kernel<"learn">(descend(S, J, rate(0.1)))};
}

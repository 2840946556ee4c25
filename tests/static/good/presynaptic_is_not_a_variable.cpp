#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"unit"> unit;
  auto x = variable<"x">(unit);
  auto J = parameter<"J">(unit, unit.prime(), no_diagonal);
  auto S = surprise(x, continuous_bernoulli(J * prime(previous(x))));
  return program{kernel<"learn">(descend(S, J, rate(0.1), presynaptic(x)))};
}

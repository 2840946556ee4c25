#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"unit"> unit;
  auto x = variable<"x">(unit);
  auto J = parameter<"J">(unit, axis<"other">{}, no_diagonal);
  auto S = surprise(x, continuous_bernoulli(sum(J, axis<"other">{})));
  return program{kernel<"learn">(descend(S, J, rate(0.1)))};
}

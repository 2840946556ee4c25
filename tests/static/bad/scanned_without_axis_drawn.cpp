#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"unit"> unit;
  axis<"sense"> sense;
  auto sigma = variable<"sigma">(unit);
  auto u = input<"u">(sense);
  auto C = parameter<"C">(unit, sense);
  auto p = conditionals<"units">(sigma <<= continuous_bernoulli(C * u));
  auto q = family(continuous_bernoulli(sigma));
  auto F = local_free_energy(p, q);
  return program{kernel<"sample">(solve(F, q), scan(sense, draw(q)))};
}

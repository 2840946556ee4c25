#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"cause"> cause;
  auto x = variable<"x">(cause);
  auto q = family(delta(x));
  auto F = free_energy(model<"prior">(x <<= normal(0)), q);
  return program{kernel<"infer">(descend(F, x, rate(0.1)))};
}

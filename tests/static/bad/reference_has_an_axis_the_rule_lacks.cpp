#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  plate<"batch"> batch;
  axis<"hidden"> hidden;
  auto b = parameter<"b">(hidden);
  auto h = variable<"h">(batch, hidden);
  auto p = model<"net">(h <<= normal(b));
  auto F = free_energy(p, family(delta(h)));
  reference(kernel<"learn">, b) = b - h;
  return program{kernel<"learn">(descend(F, b, sgd(0.1)))};
}

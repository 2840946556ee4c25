#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"order"> order;
  axis<"state"> state;
  auto x = variable<"x">(order, state);
  auto y = variable<"y">(order, state);
  auto S = input<"S">(order, order.prime());
  auto P = parameter<"P">(state, state.prime());
  auto D = shift(order);
  auto p = model<"motion">(D(x) <<= normal(-x, kron(covariance(S), precision(P))),
                           y <<= normal(x, kron(covariance(P), precision(P))));
  auto q = family(delta(x));
  auto F = free_energy(p, q);
  return program{kernel<"tick">(descend(F, x, moving_frame(D, 0.01)))};
}

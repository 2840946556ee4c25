// The filter of filter_bench: x_t ~ N(A x_{t-1}, Px^-1), y_t ~ N(C x_t, Py^-1), point mass for x_t; each tick
// starts at the prediction and makes five Euler steps on the free energy.
#include <freefall/dsl.hpp>

freefall::program define() {
  using namespace freefall;
  axis<"state"> state;
  axis<"sense"> sense;
  auto x = variable<"x">(state);
  auto y = variable<"y">(sense);
  auto step = constant<"step">();
  auto A = constant<"A">(state, state.prime());
  auto C = constant<"C">(sense, state);
  auto Px = constant<"Px">(state, state.prime());
  auto Py = constant<"Py">(sense, sense.prime());

  auto p = model<"filter">(x <<= normal(A * prime(previous(x)), precision(Px)),
                           y <<= normal(C * x, precision(Py)));
  auto q = family(delta(x));
  auto F = free_energy(p, q);
  return program{kernel<"tick">(advance(x), forward(p), repeat(5, descend(F, x, rate(step))))};
}

// Causes seen through a mixing W, with readings that now and then are far off: the noise has Student's t
// density.
#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  plate<"batch"> batch;
  axis<"cause"> cause;
  axis<"reading"> reading;
  auto x = variable<"x">(batch, cause);
  auto o = variable<"o">(batch, reading);
  auto W = parameter<"W">(reading, cause);
  auto freedom = input<"freedom">();

  auto error = o - W * x;
  auto student = (freedom + 1) / 2 * log1p(hadamard(error, error) / freedom);
  auto robust = model<"robust">(x <<= normal(0, precision(0.01)), o <<= gibbs(student));
  auto square = model<"square">(x <<= normal(0, precision(0.01)), o <<= normal(W * x));
  auto q = family(delta(x));
  auto F = free_energy(robust, q);
  auto F_square = free_energy(square, q);
  return program{
      kernel<"infer">(forward(square), until(tolerance(1e-10), at_most(20000), descend(F, x, rate(0.05)))),
      kernel<"infer_square">(forward(square), descend(F_square, x, newton()))};
}

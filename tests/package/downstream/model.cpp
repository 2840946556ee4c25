// Two layers, linear and Gaussian: causes with a standard normal prior, readings that mix them with noise.
#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  plate<"batch"> batch;
  axis<"cause"> cause;
  axis<"reading"> reading;
  auto x = variable<"x">(batch, cause);
  auto o = variable<"o">(batch, reading);
  auto W = parameter<"W">(reading, cause);
  auto P = input<"P">(reading);

  auto p = model<"sensor">(x <<= normal(0), o <<= normal(W * x, precision(P)));
  auto q = family(delta(x));
  auto F = free_energy(p, q);
  return program{kernel<"infer">(forward(p), repeat(100, descend(F, x, rate(0.2)))),
                 kernel<"learn">(descend(F / count(batch), W, sgd(0.01))), kernel<"energy">(F)};
}

// Predictive coding with one layer of causes, and four rules for it as somebody might write them down.
#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  plate<"batch"> batch;
  axis<"cause"> cause;
  axis<"pixel"> pixel;
  auto x = variable<"x">(batch, cause);
  auto image = variable<"image">(batch, pixel);
  auto W = parameter<"W">(pixel, cause);

  auto p = model<"coding">(x <<= normal(0), image <<= normal(tanh(W * x)));
  auto q = family(delta(x));
  auto F = free_energy(p, q);

  auto eps = image - tanh(W * x);
  auto slope = 1 - hadamard(tanh(W * x), tanh(W * x));
  // dF/dx: right.
  reference(kernel<"infer">, x) = x - hadamard(eps, slope) * W;
  // The slope of tanh forgotten: a rule of linear networks.
  refuted(kernel<"linear">, x) = x - eps * W;
  // dF/dW: right, and with the sign of an ascent.
  reference(kernel<"learn">, W) = -dot(hadamard(eps, slope), x, batch);
  refuted(kernel<"ascend">, W) = dot(hadamard(eps, slope), x, batch);

  auto infer = descend(F, x, rate(0.1));
  auto learn = descend(F, W, sgd(0.01));
  return program{kernel<"infer">(forward(p), repeat(20, infer)),
                 kernel<"linear">(forward(p), repeat(20, infer)), kernel<"learn">(learn),
                 kernel<"ascend">(learn)};
}

#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"pixel"> pixel;
  axis<"hidden"> hidden;
  axis<"label"> label;
  plate<"batch"> batch;
  auto image = variable<"image">(batch, pixel);
  auto h = variable<"h">(batch, hidden);
  auto digit = variable<"digit">(batch, label);
  auto W1 = parameter<"W1">(hidden, pixel);
  auto W2 = parameter<"W2">(label, hidden);
  auto p = model<"pcn">(h <<= normal(W1 * image), digit <<= normal(W2 * tanh(h)));
  auto q = family(delta(h));
  auto F = free_energy(p, q);
  return program{kernel<"infer">(forward(p), repeat(20, descend(F, h, rate(0.1))))};
}

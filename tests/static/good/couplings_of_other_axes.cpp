#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"neuron"> neuron;
  auto r = trace<"r">(neuron, decay(0.1));
  auto W = parameter<"W">(neuron, neuron.prime());
  auto g = greedy(sum(square(r - 1), neuron), r);
  auto v = voltage<"V">(g, W);
  return program{kernel<"step">(advance(r, v), fire(v, one_winner))};
}

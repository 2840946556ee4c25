#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"neuron"> neuron;
  axis<"signal"> signal;
  auto u = input<"u">(signal);
  auto r = trace<"r">(neuron, decay(0.1));
  auto x = trace<"x">(neuron, decay(0.1), drive(u));
  auto g = greedy(sum(square(r - x), neuron), r);
  return program{kernel<"step">(advance(r, x), fire(g, one_winner))};
}

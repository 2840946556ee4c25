#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"neuron"> neuron;
  auto r = trace<"r">(neuron);
  auto g = greedy(sum(square(r - 1), neuron), r);
  return program{kernel<"step">(advance(r), fire(g, one_winner))};
}

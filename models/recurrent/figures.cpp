// The gradients at the fixed point of inference against backpropagation through time.

#include "models/support/figures.hpp"
#include "models/recurrent/example.hpp"

namespace freefall::models::recurrent {
namespace {

using kernel = void (*)(::recurrent::instance&);

double from_backpropagation(kernel run) {
  const example e;
  auto net = make(e, 1);
  run(net);
  return distance(net, e.network().backpropagate());
}

// Forty simultaneous steps of size eta < 1 have not settled: as far as the network written by hand, and no
// further.
double from_reference(double eta) {
  const example e;
  auto net = make(e, eta);
  net.relax();
  auto by_hand = e.network();
  by_hand.relax(by_hand::recurrent::predictions::fixed, by_hand::recurrent::schedule::simultaneous, 40, eta);
  return distance(net, by_hand.parameter_gradient());
}

}  // namespace
}  // namespace freefall::models::recurrent

int main(int argc, char** argv) {
  using namespace freefall::models;
  namespace own = freefall::models::recurrent;
  const std::string bptt = "backpropagation through time, written by hand";
  return figures_main(
      argc, argv, "recurrent",
      {{"gradients",
        cost::quick,
        "largest relative difference over all parameters; 3 sequences, 8 ticks, sizes 4-5-6-2",
        {{"one_sweep", at_most(1e-10), bptt},
         {"40_steps", at_most(1e-10), bptt},
         {"40_steps_a_tick", at_most(1e-10), bptt},
         {"40_steps_of_0.05", at_most(1e-10), "the same steps, written by hand"}},
        [](const watch&) {
          return std::vector<double>{own::from_backpropagation([](auto& net) { net.sweep(); }),
                                     own::from_backpropagation([](auto& net) { net.relax(); }),
                                     own::from_backpropagation([](auto& net) { net.relax_ticks(); }),
                                     own::from_reference(0.05)};
        }}});
}

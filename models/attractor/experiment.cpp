// Learns two crossing bars and shows what the network makes of them: its attractors, what it retrieves from
// noise, and the mixture of both. `attractor_figures two_bars` has the medians over seeds.

#include <algorithm>

#include "models/attractor/two_bars.hpp"
#include "models/support/run.hpp"

namespace {

using namespace freefall::models;
using namespace freefall::models::attractor;

// A state between -1 and 1 as ink.
void show(Results& results, const std::string& caption, const pattern& state) {
  std::vector<float> ink;
  for (Eigen::Index k = 0; k < state.size(); ++k)
    ink.push_back(static_cast<float>(std::clamp((state(k) + 1) / 2, 0.0, 1.0)));
  results.picture(caption, 5, ink);
}

// The states that `probe` measures, one after the other with the same draws.
void show_states(Results& results, network& net, bool in_order) {
  const by_hand::bars bars;
  show(results, "shown", bars.vertical);
  show(results, "shown", bars.horizontal);
  show(results, "attractor", attractor_from(net, bars.vertical));
  show(results, "attractor", attractor_from(net, bars.horizontal));
  show(results, "answer to both", response(net, bars.cross, 2, 20, in_order));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Two crossing bars, learned by an attractor network of 25 units.", "attractor_experiment"};
  RunSettings settings;
  settings.epochs = epochs;
  bool in_order = false;
  add_run_options(app, settings, "epochs of ten steps, one bar shown in each");
  app.add_flag("--in-order", in_order, "draw one state after the other, not all at once");
  return experiment_main(app, argc, argv, [&] {
    network net;
    begin(net, settings.seed);
    Run run(settings, "attractor");
    run.keep("", net, attractor_bars::tensors());
    run.each([&](std::size_t epoch) {
      const double monitor = learn(net, settings.seed, in_order, epoch);
      run.results.append("Monitor (complexity - accuracy), nats", "epoch", "mean of the epoch", monitor);
      run.results.append("Free energy of all units, nats", "epoch", "at the end of the epoch",
                         net.free_energy());
      if (run.is_last_of(50, epoch)) fmt::print("epoch {:>4}  monitor {:.4f}\n", epoch + 1, monitor);
    });
    result found;
    probe(net, settings.seed, in_order, found);
    show_states(run.results, net, in_order);
    for (const auto& [name, value] : {std::pair{"correlation of the attractors", found.attractor_correlation},
                                      std::pair{"retrieval from noise", found.retrieval},
                                      std::pair{"mixing of both bars", found.mixing}}) {
      fmt::print("{}: {:.3f}\n", name, value);
      run.results.figure(name, value);
    }
    run.results.save();
  });
}

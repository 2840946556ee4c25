// Prints the two-pattern simulation for a number of seeds and the medians over them.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

#include "models/attractor/two_bars.hpp"

int main(int argc, char** argv) {
  int seeds = 20;
  CLI::App app{"Two crossing bars, learned by an attractor network of 25 units."};
  app.add_option("--seeds", seeds, "number of runs")->capture_default_str()->check(CLI::PositiveNumber);
  bool in_order = false;
  app.add_flag("--in-order", in_order, "draw one state after the other, not all at once");
  CLI11_PARSE(app, argc, argv);
  std::vector<double> correlation, monitor, retrieval, mixing;
  fmt::print("seed  attractors  monitor at first  at last  retrieval  mixing\n");
  for (int seed = 0; seed < seeds; ++seed) {
    const auto r = freefall::models::attractor::run(static_cast<std::uint64_t>(seed), in_order);
    fmt::print("{:4}  {:10.3f}  {:16.1f}  {:7.1f}  {:9.3f}  {:6.3f}\n", seed, r.attractor_correlation,
               r.monitor_begin, r.monitor_end, r.retrieval, r.mixing);
    correlation.push_back(r.attractor_correlation);
    monitor.push_back(r.monitor_end);
    retrieval.push_back(r.retrieval);
    mixing.push_back(r.mixing);
  }
  const auto median = [](std::vector<double> x) {
    std::sort(x.begin(), x.end());
    return (x[(x.size() - 1) / 2] + x[x.size() / 2]) / 2;
  };
  fmt::print("median {:9.3f}  {:16}  {:7.1f}  {:9.3f}  {:6.3f}\n", median(correlation), "", median(monitor),
             median(retrieval), median(mixing));
}

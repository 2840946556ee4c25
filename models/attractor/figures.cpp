// The two-pattern simulation and the moments of two coupled states, by the compiled kernels.

#include <algorithm>

#include "attractor_pair_views.hpp"
#include "models/attractor/two_bars.hpp"
#include "models/support/figures.hpp"

namespace freefall::models::attractor {
namespace {

double median(std::vector<double> x) {
  std::ranges::sort(x);
  return (x[(x.size() - 1) / 2] + x[x.size() / 2]) / 2;
}

std::vector<double> two_bars(const watch&) {
  std::vector<double> correlation, first, last, retrieval, mixing;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const result found = run(seed);
    correlation.push_back(found.attractor_correlation);
    first.push_back(found.monitor_begin);
    last.push_back(found.monitor_end);
    retrieval.push_back(found.retrieval);
    mixing.push_back(found.mixing);
  }
  return {median(correlation), median(first), median(last), median(retrieval), median(mixing)};
}

// E s1 s2 of two states over 400,000 steps of each schedule; b = (0.4, -0.7), J = 0.9 both ways, precision 1.
std::vector<double> two_states(const watch& progress) {
  constexpr int kSteps = 400'000;
  std::vector<double> out;
  const auto mean = [&](auto&& sample) {
    attractor_pair::instance net;
    net.bias() << 0.4, -0.7;
    net.J() << 0, 0.9, 0.9, 0;
    net.beta() = 1;
    net.draw_seed = 1;
    double sum = 0;
    for (int step = 0; step < kSteps; ++step) {
      sample(net);
      sum += net.sigma()(0) * net.sigma()(1);
    }
    out.push_back(sum / kSteps);
    progress(out.size(), 4);
  };
  mean([](auto& net) { net.sample(); });
  mean([](auto& net) { net.sample_in_order(); });
  mean([](auto& net) { net.sample_at_random(); });
  mean([](auto& net) { net.sample_shuffled(); });
  return out;
}

}  // namespace
}  // namespace freefall::models::attractor

int main(int argc, char** argv) {
  using namespace freefall::models;
  const std::string published = "Spisak and Friston 2025, section 4.1";
  const std::string law = "the stationary law by quadrature, stationary_law.hpp";
  return figures_main(
      argc, argv, "attractor",
      {{"two_bars",
        cost::quick,
        "two overlapping images, medians over 20 seeds",
        {{"attractor_correlation", within(-0.185, 0.065), published + ", and the spread of 40 runs"},
         {"monitor_at_first", within(-440, 10), published},
         {"monitor_at_last", within(-536, 3), published},
         {"retrieval", at_least(0.96), published},
         {"mixing", at_least(0.95), published}},
        attractor::two_bars},
       // Four standard errors: one is 0.0007, from means of 2000 steps.
       {"two_states",
        cost::quick,
        "moment of a pair of states under each schedule",
        {{"all_at_once", within(-0.0136714606, 0.003), law},
         {"in_order", within(0.0779605814, 0.003), law},
         {"at_random", within(0.0779605814, 0.003), law},
         {"shuffled", within(0.0779605814, 0.003), law}},
        attractor::two_states}});
}

// The two-pattern simulation and the moments of two coupled states, by the compiled kernels.

#include <algorithm>

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

}  // namespace
}  // namespace freefall::models::attractor

int main(int argc, char** argv) {
  using namespace freefall::models;
  const std::string published = "Spisak and Friston 2025, section 4.1";
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
        attractor::two_bars}});
}

// The two-pattern simulation by generated kernels, with twenty seeds.

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "models/attractor/two_bars.hpp"

namespace freefall::models::attractor {
namespace {

double median(std::vector<double> x) {
  std::sort(x.begin(), x.end());
  return (x[(x.size() - 1) / 2] + x[x.size() / 2]) / 2;
}

// Published: attractor correlation -0.19 to -0.20, monitor from about -440 to about -535. The bounds are
// those of 40 runs of the published algorithm with other random numbers: correlation median -0.19, 10 to 90 %
// of runs within
// [-0.233, -0.144], 2 of 40 merge; monitor -535.7 with standard deviation 0.9; retrieval 0.982, mixing 0.986.
TEST(AttractorSimulation, TwoCorrelatedPatternsBecomeNearlyOrthogonalAttractors) {
  const by_hand::bars show;
  EXPECT_NEAR(by_hand::correlation(show.vertical, show.horizontal), 0.7706, 5e-5);
  std::vector<double> correlation, retrieval, mixing;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const result found = run(seed);
    EXPECT_NEAR(found.monitor_begin, -440, 10) << seed;
    EXPECT_NEAR(found.monitor_end, -536, 3) << seed;
    correlation.push_back(found.attractor_correlation);
    retrieval.push_back(found.retrieval);
    mixing.push_back(found.mixing);
  }
  EXPECT_GE(median(correlation), -0.25);
  EXPECT_LE(median(correlation), -0.12);
  EXPECT_GE(std::count_if(correlation.begin(), correlation.end(), [](double r) { return r < 0; }), 17);
  EXPECT_GE(median(retrieval), 0.96);
  EXPECT_GE(median(mixing), 0.95);
}

// Drawn one after the other the attractors are as nearly orthogonal (published variant: -0.14 to -0.22 in
// four runs), and the monitor falls a little further, as in 20 runs of the hand-written network: -540
// within 3.
TEST(AttractorSimulation, DrawnInOrderTheyBecomeSoToo) {
  std::vector<double> correlation, monitor, retrieval, mixing;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const result found = run(seed, true);
    correlation.push_back(found.attractor_correlation);
    monitor.push_back(found.monitor_end);
    retrieval.push_back(found.retrieval);
    mixing.push_back(found.mixing);
  }
  EXPECT_GE(median(correlation), -0.25);
  EXPECT_LE(median(correlation), -0.12);
  EXPECT_NEAR(median(monitor), -540, 3);
  EXPECT_GE(median(retrieval), 0.96);
  EXPECT_GE(median(mixing), 0.95);
}

}  // namespace
}  // namespace freefall::models::attractor

// Generated kernels of the attractor network against the hand-written network, from the same draws, and
// against the exact moments of two units.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <ostream>
#include <vector>

#include "attractor_five_float_views.hpp"
#include "attractor_five_views.hpp"
#include "attractor_pair_views.hpp"
#include "freefall/runtime/random.hpp"
#include "models/attractor/stationary_law.hpp"

namespace freefall {
namespace {

namespace hand = by_hand::attractor;
using column = by_hand::column<double>;

// Couplings without symmetry, and evidence.
template <class Instance>
hand::network<double> prepare(Instance& kernels, Eigen::Index n) {
  hand::network<double> net(n);
  const runtime::stream numbers(7, "test");
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < n; ++j)
      if (i != j) net.J(i, j) = 0.4 * numbers.normal(std::uint64_t(i * n + j));
    net.bias(i) = numbers.normal(std::uint64_t(100 + i));
    net.state(i) = std::tanh(numbers.normal(std::uint64_t(200 + i)));
  }
  net.beta = 0.7;
  kernels.J() = net.J.cast<typename std::decay_t<decltype(kernels.J())>::Scalar>();
  kernels.bias() = net.bias.cast<typename std::decay_t<decltype(kernels.J())>::Scalar>();
  kernels.sigma() = net.state.cast<typename std::decay_t<decltype(kernels.J())>::Scalar>();
  kernels.beta() = 0.7F;
  net.beta = kernels.beta();
  kernels.alpha() = 0.05F;
  return net;
}

// The draws of one step: numbers step n, step n + 1, ... of the stream of the variable.
std::vector<double> draws(std::uint64_t seed, std::uint64_t step, std::size_t n) {
  std::vector<double> u(n);
  runtime::stream(seed, "sigma").fill_uniform(std::span(u), step * n);
  return u;
}

// 400 steps of drawing and learning; the two differ by rounding, which the couplings carry along.
TEST(AttractorKernels, LearnLikeTheHandWrittenNetwork) {
  attractor_five::instance kernels;
  auto net = prepare(kernels, 5);
  kernels.draw_seed = 11;
  const double rate = kernels.alpha();
  for (std::uint64_t step = 0; step < 400; ++step) {
    ASSERT_EQ(kernels.draw_step, step);
    const column natural = net.natural();
    kernels.train();
    net.sample(draws(11, step, 5));
    net.learn(hand::rule_a, rate);
    ASSERT_LT((kernels.sigma_natural() - natural).cwiseAbs().maxCoeff(), 1e-10) << step;
    ASSERT_LT((kernels.sigma() - net.state).cwiseAbs().maxCoeff(), 1e-10) << step;
    ASSERT_LT((kernels.J() - net.J).cwiseAbs().maxCoeff(), 1e-10) << step;
  }
  EXPECT_EQ(kernels.J().diagonal().cwiseAbs().maxCoeff(), 0.0);
  EXPECT_GT((kernels.J() - kernels.J().transpose()).norm(), 0.1);
}

// In single precision 20 steps stay within 1e-4 of double: draws agree to 2^-24, one step of rounding is 1e-7
// and the couplings grow errors by less than twice a step at first.
TEST(AttractorKernels, InSinglePrecisionFollowTheSameDraws) {
  attractor_five_float::instance kernels;
  auto net = prepare(kernels, 5);
  kernels.draw_seed = 11;
  for (std::uint64_t step = 0; step < 20; ++step) {
    kernels.train();
    net.sample(draws(11, step, 5));
    net.learn(hand::rule_a, static_cast<double>(kernels.alpha()));
    ASSERT_LT((kernels.sigma().cast<double>() - net.state).cwiseAbs().maxCoeff(), 1e-4) << step;
  }
}

TEST(AttractorKernels, RefuseACouplingWithADiagonal) {
  attractor_five::instance kernels;
  prepare(kernels, 5);
  kernels.J()(2, 2) = 0.5;
  try {
    kernels.sample();
    FAIL() << "expected a fault";
  } catch (const runtime::kernel_error& e) {
    EXPECT_EQ(e.reason().what, runtime::fault::diagonal_not_zero);
    EXPECT_EQ(e.reason().element, 12U);
  }
}

TEST(AttractorKernels, DependOnSeedAndStepAlone) {
  attractor_five::instance a, b;
  prepare(a, 5);
  prepare(b, 5);
  a.draw_seed = b.draw_seed = 3;
  a.draw_step = b.draw_step = 1000000000000;
  a.sample();
  b.sample();
  EXPECT_EQ(a.sigma(), b.sigma());
  prepare(b, 5);
  b.draw_step = 5;
  b.sample();
  EXPECT_NE(a.sigma()(0), b.sigma()(0));
}

TEST(AttractorKernels, SettleAndMeasureLikeTheHandWrittenNetwork) {
  attractor_five::instance kernels;
  auto net = prepare(kernels, 5);
  EXPECT_NEAR(kernels.monitor(), net.published_monitor(), 1e-13);
  kernels.sample();  // leaves q at the fixed point of the old state
  double expected = 0;
  net.state = kernels.sigma();
  for (Eigen::Index i = 0; i < 5; ++i) expected += net.local_free_energy(i, kernels.sigma_natural()(i));
  EXPECT_NEAR(kernels.free_energy(), expected, 1e-13);
  kernels.relax();
  for (int sweep = 0; sweep < 1000; ++sweep) net.settle();
  EXPECT_LT((kernels.sigma() - net.state).cwiseAbs().maxCoeff(), 1e-8);
  // At rest q is at the minimum, where every local free energy is zero; to second order in the tolerance
  // 1e-9.
  EXPECT_NEAR(kernels.free_energy(), 0, 1e-14);
}

// KL(CB(v) || CB(u)) of two units without couplings, all pairs from zero to the largest numbers: a few
// roundings of the largest term, and never a NaN.
TEST(AttractorKernels, MeasureFreeEnergiesFromTinyToHugeArguments) {
  namespace cb = by_hand::continuous_bernoulli;
  attractor_pair::instance net;
  net.J().setZero();
  net.sigma().setZero();
  net.beta() = 1;
  const double arguments[] = {0, 1e-300, 1e-9, 1, -2.5, 700, -800, 1e300};
  for (const double v : arguments) {
    for (const double u : arguments) {
      net.sigma_natural() << v, -v;
      net.bias() << u, -u;
      const double largest = std::max({std::abs(v), std::abs(u), std::abs(v - u), 1.0});
      EXPECT_NEAR(net.free_energy(), 2 * cb::divergence(v, u), 8 * largest * 0x1p-52) << v << " " << u;
    }
  }
}

// A step from any evidence, precision times evidence up to the largest number, stays within [-1, 1].
TEST(AttractorKernels, DrawStatesFromTinyToHugeEvidence) {
  attractor_pair::instance net;
  net.J().setZero();
  net.sigma().setZero();
  net.beta() = 1;
  for (const double b : {0.0, 1e-300, 1e-9, 1.0, 700.0, 1e300}) {
    net.bias() << b, -b;
    for (int step = 0; step < 100; ++step) {
      net.sample();
      ASSERT_LE(net.sigma().cwiseAbs().maxCoeff(), 1) << b;
      if (b >= 700) {
        ASSERT_GT(net.sigma()(0), 0.95) << b;
      }
    }
  }
}

// The elements visited at a step of n units, made by hand from the draws n step, n step + 1, ... of the
// order.
using Visits = std::vector<Eigen::Index>;
std::vector<double> order_draws(std::uint64_t step, std::size_t n) {
  std::vector<double> u(n);
  runtime::stream(11, "unit/order").fill_uniform(std::span(u), step * n);
  return u;
}
Visits in_order(std::uint64_t, std::size_t n) {
  Visits out(n);
  std::iota(out.begin(), out.end(), 0);
  return out;
}
Visits at_random(std::uint64_t step, std::size_t n) {
  Visits out;
  for (const double u : order_draws(step, n)) out.push_back(static_cast<Eigen::Index>(double(n) * u));
  return out;
}
// Each unit takes a place among those before it and its own; who stood there goes to the end.
Visits shuffled(std::uint64_t step, std::size_t n) {
  Visits out;
  for (const double u : order_draws(step, n)) {
    out.push_back(static_cast<Eigen::Index>(out.size()));
    std::swap(out[static_cast<std::size_t>(double(out.size()) * u)], out.back());
  }
  return out;
}

struct scan_of_five {
  const char* name;
  void (*sample)(attractor_five::instance&);
  Visits (*visits)(std::uint64_t step, std::size_t n);

  friend void PrintTo(const scan_of_five& s, std::ostream* to) { *to << s.name; }
};
class AttractorScans : public testing::TestWithParam<scan_of_five> {};

// Visit k takes draw k; 300 steps in the order that the hand-written one is told.
TEST_P(AttractorScans, FollowTheHandWrittenNetworkVisitByVisit) {
  attractor_five::instance kernels;
  auto net = prepare(kernels, 5);
  kernels.draw_seed = 11;
  kernels.sigma_natural().setZero();
  for (std::uint64_t step = 0; step < 300; ++step) {
    const Visits order = GetParam().visits(step, 5);
    const column before = net.state;
    GetParam().sample(kernels);
    ASSERT_EQ(kernels.draw_step, step + 1);
    net.sample(draws(11, step, 5), order);
    ASSERT_LT((kernels.sigma() - net.state).cwiseAbs().maxCoeff(), 1e-12) << step;
    ASSERT_LT((kernels.sigma_previous() - before).cwiseAbs().maxCoeff(), 1e-12) << step;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, AttractorScans,
    testing::Values(scan_of_five{"in order", [](auto& net) { net.sample_in_order(); }, in_order},
                    scan_of_five{"at random", [](auto& net) { net.sample_at_random(); }, at_random},
                    scan_of_five{"shuffled", [](auto& net) { net.sample_shuffled(); }, shuffled}));

// Rule A with states drawn one after the other: the state before is that before the scan.
TEST(AttractorKernels, LearnInOrderLikeTheHandWrittenNetwork) {
  attractor_five::instance kernels;
  auto net = prepare(kernels, 5);
  kernels.draw_seed = 11;
  for (std::uint64_t step = 0; step < 300; ++step) {
    kernels.train_in_order();
    net.sample(draws(11, step, 5), in_order(step, 5));
    net.learn(hand::rule_a, kernels.alpha());
    ASSERT_LT((kernels.sigma() - net.state).cwiseAbs().maxCoeff(), 1e-10) << step;
    ASSERT_LT((kernels.J() - net.J).cwiseAbs().maxCoeff(), 1e-10) << step;
  }
}

// Couplings -6 between two units: all at once they chase each other for ever, in order they come to rest.
TEST(AttractorKernels, SettleInOrderWhereAllAtOnceDoesNot) {
  attractor_pair::instance net;
  net.J() << 0, -6, -6, 0;
  net.bias() << 0.1, 0.1;
  net.beta() = 1;
  net.sigma().setConstant(0.5);
  net.relax();
  EXPECT_EQ(net.passes(), 1000U);
  net.sigma().setConstant(0.5);
  net.relax_in_order();
  EXPECT_LT(net.passes(), 100U);
  hand::network<double> expected(2);
  expected.J = net.J();
  expected.bias = net.bias();
  expected.state.setConstant(0.5);
  for (int pass = 0; pass < 200; ++pass) expected.settle(in_order(0, 2));
  EXPECT_LT((net.sigma() - expected.state).cwiseAbs().maxCoeff(), 1e-8);
}

struct scan_of_two {
  const char* name;
  void (*sample)(attractor_pair::instance&);
  hand::schedule law;
  double to_first, to_second;

  friend void PrintTo(const scan_of_two& s, std::ostream* to) {
    *to << s.name << " J12 " << s.to_first << " J21 " << s.to_second;
  }
};
class AttractorMoments : public testing::TestWithParam<scan_of_two> {};

// b = (0.4, -0.7), precision 1; against the law of the schedule by quadrature. The standard error is that of
// 200 means of 2000 steps; within 4 of them, and small enough to tell the laws apart.
TEST_P(AttractorMoments, AreThoseOfTheStationaryLawOfTheSchedule) {
  attractor_pair::instance net;
  net.bias() << 0.4, -0.7;
  net.J() << 0, GetParam().to_first, GetParam().to_second, 0;
  net.beta() = 1;
  net.draw_seed = 1;
  net.sigma_natural().setZero();
  hand::network<double> same(2);
  same.J = net.J();
  same.bias = net.bias();
  const hand::moments law = hand::stationary_moments(same, GetParam().law);
  constexpr int kBatches = 200, kSteps = 2000;
  Eigen::Array3d sum = Eigen::Array3d::Zero(), squares = sum;
  for (int batch = 0; batch < kBatches; ++batch) {
    Eigen::Array3d mean = Eigen::Array3d::Zero();
    for (int step = 0; step < kSteps; ++step) {
      GetParam().sample(net);
      const double x = net.sigma()(0), y = net.sigma()(1);
      mean += Eigen::Array3d(x, y, x * y) / kSteps;
    }
    sum += mean / kBatches;
    squares += mean.square() / kBatches;
  }
  const Eigen::Array3d error = ((squares - sum.square()) / (kBatches - 1)).sqrt();
  EXPECT_LT(error.maxCoeff(), 2e-3);
  EXPECT_NEAR(sum(0), law.first, 4 * error(0));
  EXPECT_NEAR(sum(1), law.second, 4 * error(1));
  EXPECT_NEAR(sum(2), law.pair, 4 * error(2));
  for (const auto other : {hand::schedule::synchronous, hand::schedule::sequential}) {
    const double apart = std::abs(hand::stationary_moments(same, other).pair - law.pair);
    if (apart > 1e-12) {
      EXPECT_GT(apart, 4 * error(2));
    }
  }
}

constexpr auto kTogether = [](attractor_pair::instance& net) { net.sample(); };
constexpr auto kInOrder = [](attractor_pair::instance& net) { net.sample_in_order(); };
constexpr auto kAtRandom = [](attractor_pair::instance& net) { net.sample_at_random(); };
constexpr auto kShuffled = [](attractor_pair::instance& net) { net.sample_shuffled(); };
INSTANTIATE_TEST_SUITE_P(
    Symmetric, AttractorMoments,
    testing::Values(scan_of_two{"all at once", kTogether, hand::schedule::synchronous, 0.9, 0.9},
                    scan_of_two{"in order", kInOrder, hand::schedule::sequential, 0.9, 0.9},
                    scan_of_two{"at random", kAtRandom, hand::schedule::random_scan, 0.9, 0.9},
                    scan_of_two{"shuffled", kShuffled, hand::schedule::random_scan, 0.9, 0.9}));
INSTANTIATE_TEST_SUITE_P(
    Asymmetric, AttractorMoments,
    testing::Values(scan_of_two{"all at once", kTogether, hand::schedule::synchronous, 0.9, -0.3},
                    scan_of_two{"in order", kInOrder, hand::schedule::sequential, 0.9, -0.3},
                    scan_of_two{"at random", kAtRandom, hand::schedule::random_scan, 0.9, -0.3},
                    scan_of_two{"shuffled", kShuffled, hand::schedule::random_scan, 0.9, -0.3}));

}  // namespace
}  // namespace freefall

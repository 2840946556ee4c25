// Generated kernels of the attractor network against the hand-written network, from the same draws, and
// against the exact moments of two units.

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "attractor_five_float_views.hpp"
#include "attractor_five_views.hpp"
#include "attractor_pair_views.hpp"
#include "freefall/runtime/random.hpp"
#include "models/attractor/reference.hpp"

namespace freefall {
namespace {

namespace hand = reference::attractor;
using column = reference::column<double>;

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

// Two units with b = (0.4, -0.7), J12 = J21 = 0.9, precision 1, drawn at the same time: moments of the
// stationary law exp(b . s) prod_i exp(phi(b_i + (J s)_i)) (Little 1974, Peretto 1984) by Gauss-Legendre
// quadrature, 10 digits. The standard error is that of 200 means of 2000 steps.
TEST(AttractorKernels, DrawnTogetherHaveTheMomentsOfTheirStationaryLaw) {
  attractor_pair::instance net;
  net.bias() << 0.4, -0.7;
  net.J() << 0, 0.9, 0.9, 0;
  net.beta() = 1;
  net.draw_seed = 1;
  constexpr int kBatches = 200, kSteps = 2000;
  Eigen::Vector3d sum = Eigen::Vector3d::Zero(), squares = sum;
  for (int batch = 0; batch < kBatches; ++batch) {
    Eigen::Vector3d mean = Eigen::Vector3d::Zero();
    for (int step = 0; step < kSteps; ++step) {
      net.sample();
      const double x = net.sigma()(0), y = net.sigma()(1);
      mean += Eigen::Vector3d(x, y, x * y) / kSteps;
    }
    sum += mean / kBatches;
    squares += mean.cwiseProduct(mean) / kBatches;
  }
  const Eigen::Vector3d exact(0.0694078627, -0.1969727931, -0.0136714606);
  for (Eigen::Index k = 0; k < 3; ++k) {
    const double error = std::sqrt((squares(k) - sum(k) * sum(k)) / (kBatches - 1));
    EXPECT_LT(error, 2e-3);
    EXPECT_NEAR(sum(k), exact(k), 4 * error) << k;
  }
}

}  // namespace
}  // namespace freefall

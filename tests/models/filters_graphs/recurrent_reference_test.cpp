#include "models/recurrent/reference.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "central_difference.hpp"

namespace freefall::by_hand::recurrent {
namespace {

using enum predictions;
using enum schedule;

// Input 3, layers of 5 and 4, readout 2, batch of 2; targets at the given times only.
template <class Scalar>
network<Scalar> random_network(std::size_t length, const std::vector<std::size_t>& target_times,
                               unsigned seed, const std::vector<Eigen::Index>& sizes = {3, 5, 4}) {
  source draw(seed);
  const auto any = [&](Eigen::Index r, Eigen::Index c, real deviation) -> matrix<Scalar> {
    return draw(r, c, deviation).template cast<Scalar>();
  };
  parameters<Scalar> theta;
  for (std::size_t l = 1; l < sizes.size(); ++l)
    theta.layers.push_back(
        {any(sizes[l], sizes[l - 1], 0.5L), any(sizes[l], sizes[l], 0.4L), any(1, sizes[l], 0.2L)});
  theta.V = any(2, sizes.back(), 0.5L);
  theta.c = any(1, 2, 0.2L);
  network<Scalar> n(theta);
  typename network<Scalar>::sequence x(length), y(length);
  for (auto& at : x) at = any(2, sizes[0], 1);
  for (const std::size_t t : target_times) y[t - 1] = any(2, 2, 1);
  n.forward(x, y);
  return n;
}

// Largest difference of two gradients, relative to the largest element of the second.
double relative(const parameters<double>& a, const parameters<double>& b) {
  double worst = 0, scale = 0;
  const auto compare = [&](const auto& p, const auto& q) {
    worst = std::max(worst, (p - q).cwiseAbs().maxCoeff());
    scale = std::max(scale, q.cwiseAbs().maxCoeff());
  };
  for (std::size_t l = 0; l < b.layers.size(); ++l) {
    compare(a.layers[l].W, b.layers[l].W);
    compare(a.layers[l].U, b.layers[l].U);
    compare(a.layers[l].b, b.layers[l].b);
  }
  compare(a.V, b.V);
  compare(a.c, b.c);
  return worst / scale;
}

template <class Function>
void expect_central_differences(parameters<real>& theta, const parameters<real>& g, Function f) {
  for (std::size_t l = 0; l < g.layers.size(); ++l) {
    EXPECT_LT(worst_difference(theta.layers[l].W, g.layers[l].W, f), difference_tolerance) << l;
    EXPECT_LT(worst_difference(theta.layers[l].U, g.layers[l].U, f), difference_tolerance) << l;
    EXPECT_LT(worst_difference(theta.layers[l].b, g.layers[l].b, f), difference_tolerance) << l;
  }
  EXPECT_LT(worst_difference(theta.V, g.V, f), difference_tolerance);
  EXPECT_LT(worst_difference(theta.c, g.c, f), difference_tolerance);
}

TEST(RecurrentBackpropagation, IsTheCentralDifferenceOfTheLoss) {
  auto n = random_network<real>(8, {3, 7, 8}, 41);
  const auto g = n.backpropagate();
  std::vector<matrix<real>> x(n.h[0].begin() + 1, n.h[0].end()), y(8);
  for (const std::size_t t : {3, 7, 8}) y[t - 1] = n.readout[t] + n.readout_error[t];
  expect_central_differences(n.theta, g, [&] {
    n.forward(x, y);
    return n.energy();  // every e is zero after forward(): F is the loss
  });
}

TEST(RecurrentLive, GradientsAreCentralDifferencesOfTheEnergy) {
  auto n = random_network<real>(4, {2, 4}, 42);
  n.relax(live, simultaneous, 5, 0.1L);
  const auto energy = [&] {
    n.evaluate(live);
    return n.energy();
  };
  const auto g = n.parameter_gradient();
  auto slope = n.h;
  for (std::size_t l = 1; l <= n.top(); ++l)
    for (std::size_t t = 1; t <= n.length(); ++t) slope[l][t] = n.gradient(l, t);
  for (std::size_t l = 1; l <= n.top(); ++l)
    for (std::size_t t = 1; t <= n.length(); ++t)
      EXPECT_LT(worst_difference(n.h[l][t], slope[l][t], energy), difference_tolerance) << l << ' ' << t;
  expect_central_differences(n.theta, g, energy);
}

TEST(RecurrentLive, EnergyFalls) {
  auto n = random_network<double>(8, {8}, 43);
  double before = n.energy();
  for (int k = 0; k < 50; ++k) {
    n.relax(live, simultaneous, 1, 0.05);
    EXPECT_LE(n.energy(), before);
    before = n.energy();
  }
}

class RecurrentFixed : public testing::TestWithParam<std::vector<std::size_t>> {};
INSTANTIATE_TEST_SUITE_P(TargetTimes, RecurrentFixed,
                         testing::Values(std::vector<std::size_t>{8}, std::vector<std::size_t>{1, 4, 8},
                                         std::vector<std::size_t>{1, 2, 3, 4, 5, 6, 7, 8}));

TEST_P(RecurrentFixed, EquilibriumGradientsAreBackpropagationThroughTime) {
  const auto before = random_network<double>(8, GetParam(), 44);
  const auto exact = before.backpropagate();
  auto n = before;
  n.settle();
  EXPECT_LT(relative(n.parameter_gradient(), exact), 1e-14);
  n = before;
  n.relax(fixed, simultaneous, 600, 0.1);
  EXPECT_LT(relative(n.parameter_gradient(), exact), 1e-10);
  n = before;
  n.relax(fixed, children_first, 400, 0.1);
  EXPECT_LT(relative(n.parameter_gradient(), exact), 1e-10);
  n = before;
  n.relax(fixed, time_blocked, 400, 0.1);
  EXPECT_LT(relative(n.parameter_gradient(), exact), 1e-10);
}

// eta = 1: one sweep from the children, or as many simultaneous ones as the longest path (7 steps back in
// time, one layer down, and the readout: 9), or two steps for each time.
TEST_P(RecurrentFixed, FullStepsAreExactAfterTheLongestPath) {
  const auto before = random_network<double>(8, GetParam(), 45);
  const auto exact = before.backpropagate();
  const auto after = [&](schedule s, int steps) {
    auto n = before;
    n.relax(fixed, s, steps, 1.0);
    return relative(n.parameter_gradient(), exact);
  };
  EXPECT_LT(after(children_first, 1), 1e-14);
  EXPECT_LT(after(simultaneous, 9), 1e-14);
  EXPECT_GT(after(simultaneous, 8), 1e-6);
  EXPECT_LT(after(time_blocked, 2), 1e-14);
  EXPECT_GT(after(time_blocked, 1), 1e-6);
}

// One layer, one target at the end, k steps of eta on each time: h_T and each earlier time lose the factor
// 1 - (1 - eta)^k, so e_t is the exact one times that to the power T - t + 1. For 0.1 and 100 it
// misses 2.66e-5 a hop.
TEST(RecurrentTimeBlocked, LosesAFixedFactorAtEveryHop) {
  constexpr std::size_t T = 20;
  const auto before = random_network<double>(T, {T}, 46, {3, 5});
  auto exact = before, n = before;
  exact.settle();
  n.relax(fixed, time_blocked, 100, 0.1);
  const double hop = 1 - std::pow(0.9, 100);
  EXPECT_NEAR(1 - hop, 2.6561e-5, 5e-10);
  for (std::size_t t = 1; t <= T; ++t) {
    const matrix<double> expected = std::pow(hop, static_cast<double>(T - t + 1)) * exact.error[1][t];
    EXPECT_LT((n.error[1][t] - expected).cwiseAbs().maxCoeff(),
              1e-13 * expected.cwiseAbs().maxCoeff() + 1e-15)
        << t;
  }
  EXPECT_LT(relative(n.parameter_gradient(), before.backpropagate()), 1e-4);
}

// As many hops as the sequence is long, at the longest names of the name-origin task.
TEST(RecurrentTimeBlocked, GradientsOfEveryLengthUpToTwentyAreBackpropagationToOnePartInTenThousand) {
  for (std::size_t T = 1; T <= 20; ++T) {
    auto n = random_network<double>(T, {T}, 47, {3, 5});
    n.relax(fixed, time_blocked, 100, 0.1);
    EXPECT_LT(relative(n.parameter_gradient(), n.backpropagate()), 1e-4) << T;
  }
}

TEST(RecurrentErrors, CountTheTargets) {
  auto n = random_network<double>(2, {2}, 48);
  try {
    n.forward({matrix<double>::Zero(1, 3)}, {});
    FAIL();
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(), "recurrent: targets: expected 1 times, as many as inputs, found 0");
  }
}

}  // namespace
}  // namespace freefall::by_hand::recurrent

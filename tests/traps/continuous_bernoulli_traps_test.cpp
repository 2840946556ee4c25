// Errors that public code with formulas written by hand has shipped, in the continuous Bernoulli distribution
// on [-1, 1]: the compiled kernels of the attractor network are right, and the error would have been seen.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "attractor_pair_views.hpp"

namespace {

using pair = std::array<double, 2>;

attractor_pair::instance network(const pair& bias) {
  attractor_pair::instance net;
  net.beta() = 1;
  net.J().setZero();
  net.sigma().setZero();
  net.bias() << bias[0], bias[1];
  return net;
}

// sum_i KL(CB(posterior_i) || CB(bias_i)), the complexity: without couplings it is the free energy.
double complexity(const pair& posterior, const pair& bias) {
  auto net = network(bias);
  net.sigma_natural() << posterior[0], posterior[1];
  return net.free_energy();
}

double mean_as_printed(double b) { return 1 / std::tanh(b) - 1 / b; }
double log_normaliser_as_printed(double b) { return std::log(std::sinh(b) / b); }  // less ln 2

// KL = (v - b) L(v) - phi(v) + phi(b), with another log-normaliser phi.
template <class LogNormaliser>
double divergence(double v, double b, const LogNormaliser& phi) {
  const double mean = v == 0 ? 0 : mean_as_printed(v);
  return (v - b) * mean - phi(v) + phi(b);
}

// coth b - 1/b is the difference of two numbers near 1e9 there; it is b/3 - b^3/45 + ...
TEST(Trap, LangevinMeanAtOneBillionth) {
  const double b = 1e-9;
  auto net = network({b, -b});
  net.relax();
  EXPECT_NEAR(net.sigma()(0) / (b / 3), 1, 1e-14);
  EXPECT_NEAR(net.sigma()(1) / (-b / 3), 1, 1e-14);
  EXPECT_GT(std::fabs(mean_as_printed(b) / (b / 3) - 1), 0.5);
}

// sinh overflows beyond 710; ln(sinh b / b) is |b| - ln |2b| there.
TEST(Trap, ComplexityAtBiasMinusEightHundred) {
  const double known = 800 - std::log(1600.0);
  EXPECT_NEAR(complexity({0, 0}, {-800, -800}), 2 * known, 1e-12 * known);
  EXPECT_NEAR(complexity({0, 0}, {-800, 800}), 2 * known, 1e-12 * known);
  // The other way round the mean, -(1 - 1/800), comes in: 800 (1 - 1/800) - known.
  EXPECT_NEAR(complexity({-800, -800}, {0, 0}), 2 * (std::log(1600.0) - 1), 1e-11);
  EXPECT_NEAR(complexity({-800, 800}, {-800, 800}), 0, 1e-12);
  EXPECT_FALSE(std::isfinite(log_normaliser_as_printed(-800)));
  // Clipped at 700, as some code is, it is finite and wrong.
  EXPECT_GT(std::fabs(log_normaliser_as_printed(-700) - known), 1);
}

// ln(sinh b / b) is 0 / 0 at 0, where it is 0. A test whether any entry is zero that answers for the whole
// array gives all others the value at zero as well.
TEST(Trap, LogNormaliserOfAnArrayWithOneZeroEntry) {
  const pair posterior{0.5, 0.5}, bias{0, 2};
  const auto right = [](double b) { return b == 0 ? 0 : log_normaliser_as_printed(b); };
  const double expected = divergence(0.5, 0, right) + divergence(0.5, 2, right);
  EXPECT_NEAR(complexity(posterior, bias), expected, 1e-13);

  const auto of_array = [](const pair& b) -> pair {
    if (std::ranges::any_of(b, [](double x) { return x == 0; })) return {0, 0};
    return {log_normaliser_as_printed(b[0]), log_normaliser_as_printed(b[1])};
  };
  double trapped = 0;
  const pair of_bias = of_array(bias), of_posterior = of_array(posterior);
  for (std::size_t i = 0; i < 2; ++i)
    trapped += (posterior[i] - bias[i]) * mean_as_printed(posterior[i]) - of_posterior[i] + of_bias[i];
  EXPECT_GT(std::fabs(trapped - expected), 0.1);
  EXPECT_TRUE(std::isnan(log_normaliser_as_printed(0)));
}

}  // namespace

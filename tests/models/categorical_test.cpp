#include "models/reference/categorical.hpp"

#include <gtest/gtest.h>

#include "central_difference.hpp"
#include "models/reference/quadrature.hpp"

namespace freefall::by_hand {
namespace {

column<real> random_distribution(Eigen::Index n, unsigned seed) { return softmax<real>(source(seed)(n, 1)); }

TEST(ReferenceCategorical, EntropyAndDivergenceCountZeroTimesLogZeroAsZero) {
  column<double> p(3), q(3);
  p << 0.5, 0.5, 0;
  q << 0.25, 0.5, 0.25;
  EXPECT_DOUBLE_EQ(entropy(p), std::log(2.0));
  EXPECT_DOUBLE_EQ(divergence(p, q), 0.5 * std::log(2.0));
  EXPECT_EQ(divergence(q, p), std::numeric_limits<double>::infinity());
  EXPECT_EQ(divergence(p, p), 0);
}

TEST(ReferenceCategorical, SoftmaxBearsHugeAndImpossibleEntries) {
  column<double> v(3);
  v << 1e4, 1e4 - std::log(3.0), -std::numeric_limits<double>::infinity();
  EXPECT_NEAR(softmax(v)(0), 0.75, 1e-12);  // ln 3 beside 1e4 has lost its last four digits
  EXPECT_EQ(softmax(v)(2), 0);
  EXPECT_NEAR(log_sum_exp(v), 1e4 + std::log(4.0 / 3), 1e-11);
  v.setConstant(-std::numeric_limits<double>::infinity());
  EXPECT_THROW(softmax(v), std::domain_error);
}

// Logits of +-50 leave probabilities of 1e-44 with a finite gradient.
TEST(ReferenceCategorical, DivergenceGradientInLogitsIsACentralDifference) {
  const auto p = random_distribution(5, 71);
  column<real> logits = source(72)(5, 1);
  EXPECT_LT(worst_difference(logits, divergence_gradient(logits, p),
                             [&] { return divergence(softmax(logits), p); }),
            difference_tolerance);
  logits << 50, -50, 0, 50, -50;
  EXPECT_TRUE(divergence_gradient(logits, p).allFinite());
}

// psi(1) = -0.5772156649015329 (Euler); psi(n + 1) = psi(n) + 1/n.
TEST(ReferenceDirichlet, MeanLogOfCountsOneIsMinusAHarmonicSum) {
  const column<double> a = column<double>::Ones(4);
  const column<double> mean = dirichlet_mean_log(a);
  for (Eigen::Index i = 0; i < 4; ++i) EXPECT_NEAR(mean(i), -(1 + 1.0 / 2 + 1.0 / 3), 1e-14);
}

TEST(ReferenceDirichlet, MeanLogIsTheGradientOfTheLogNormaliser) {
  column<real> a = source(73)(4, 1).array().abs() + 0.2L;
  EXPECT_LT(worst_difference(a, dirichlet_mean_log(a), [&] { return dirichlet_log_normaliser(a); }),
            difference_tolerance);
}

// Two outcomes: Dir(a) is the Beta density, integrated by 80 points with theta = sin^2(t).
TEST(ReferenceDirichlet, DivergenceIsTheIntegralOverItsDefinition) {
  column<real> a(2), b(2);
  a << 2.5L, 1.5L;
  b << 1, 3.5L;
  const auto log_density = [](const column<real>& c, real theta) {
    return (c(0) - 1) * std::log(theta) + (c(1) - 1) * std::log1p(-theta) - dirichlet_log_normaliser(c);
  };
  const auto rule = gauss_legendre<real>(80, 0, std::acos(-1.0L) / 2);
  real sum = 0;
  for (std::size_t k = 0; k < rule.node.size(); ++k) {
    const real sine = std::sin(rule.node[k]), theta = sine * sine;
    sum += rule.weight[k] * 2 * sine * std::cos(rule.node[k]) * std::exp(log_density(a, theta)) *
           (log_density(a, theta) - log_density(b, theta));
  }
  EXPECT_NEAR(sum, dirichlet_divergence(a, b), 1e-9);  // ln theta at the ends limits the quadrature
  EXPECT_NEAR(dirichlet_divergence(a, a), 0, 1e-18);
}

TEST(ReferenceDirichlet, OneCountTeachesTheDivergenceOfOneCount) {
  const column<real> a = source(74)(4, 1).array().abs() + 0.2L;
  for (Eigen::Index k = 0; k < 4; ++k) {
    column<real> more = a;
    more(k) += 1;
    EXPECT_NEAR(dirichlet_one_count(a, k), dirichlet_divergence(more, a), 1e-14);
  }
}

}  // namespace
}  // namespace freefall::by_hand

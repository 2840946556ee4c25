#include "models/reference/continuous_bernoulli.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "central_difference.hpp"
#include "freefall/runtime/random.hpp"

namespace freefall::by_hand::continuous_bernoulli {
namespace {

double relative(double found, double expected) { return std::abs(found - expected) / std::abs(expected); }

// Closed forms in decimal arithmetic of 80 digits and more (1300 for 1e-300); the argument is the double.
struct golden {
  double b, mean, variance, log_normaliser, entropy;
};
constexpr golden golden_values[] = {
    {1e-300, 3.333333333333333416864e-301, 0.3333333333333333333333, 0.6931471805599453094172,
     0.6931471805599453094172},
    {1e-9, 3.333333333333333540716e-10, 0.3333333333333333332667, 0.6931471805599453095839,
     0.6931471805599453092506},
    {0.001, 0.0003333333111111132275130, 0.3333332666666772486758, 0.6931473472266064205287,
     0.6931470138932953094155},
    {0.1, 0.03331113225398961014527, 0.3326677233881650101697, 0.6948132920235257699286,
     0.6914821787981268089141},
    {0.7, 0.2260502072312008332847, 0.3030435688644430634024, 0.7735199900158051624108,
     0.6152848449539645791115},
    {1, 0.3130352854993313036362, 0.2759383390336895335920, 0.8545865421311409430274,
     0.5415512566318096393912},
    {2, 0.5373147207275480958778, 0.1739781701619289007466, 1.288367372614168130054,
     0.2137379311590719382982},
    {3, 0.6716364899803558377598, 0.1011467653399634805117, 1.898905881962930780825,
     -0.1160035879781367324545},
    {10, 0.9000000041223072533738, 0.009999991755385476258935, 7.697414904944800691419,
     -1.302585136278271842319},
    {700, 0.9985714285714285714286, 2.040816326530612244898e-6, 693.4489196649565953269,
     -5.551080335043404673141},
    {1e300, 1, 0, 1e300, -689.7755278982137052054},  // entropy 1 - 300 ln 10
};

TEST(ContinuousBernoulli, AgreesWithDecimalArithmeticFromTinyToHugeArguments) {
  for (const golden& at : golden_values) {
    SCOPED_TRACE(at.b);
    EXPECT_LT(relative(mean(at.b), at.mean), 1e-15);
    EXPECT_LT(relative(log_normaliser(at.b), at.log_normaliser), 1e-15);
    EXPECT_LT(relative(entropy(at.b), at.entropy), 5e-15);
    EXPECT_LE(std::abs(variance(at.b) - at.variance), 1e-15 * at.variance);
    EXPECT_EQ(mean(-at.b), -mean(at.b));
    EXPECT_EQ(variance(-at.b), variance(at.b));
    EXPECT_EQ(log_normaliser(-at.b), log_normaliser(at.b));
    EXPECT_EQ(entropy(-at.b), entropy(at.b));
  }
}

TEST(ContinuousBernoulli, KeepsItsDigitsInSinglePrecision) {
  for (const golden& at : golden_values) {
    if (at.b < 1e-30 || at.b > 1e30) continue;
    const auto b = static_cast<float>(at.b);
    SCOPED_TRACE(b);
    EXPECT_LT(relative(mean(b), mean(double{b})), 4e-7);
    EXPECT_LT(relative(variance(b), variance(double{b})), 4e-7);
    EXPECT_LT(relative(log_normaliser(b), log_normaliser(double{b})), 4e-7);
  }
}

TEST(ContinuousBernoulli, IsUniformAtZero) {
  EXPECT_EQ(mean(0.0), 0);
  EXPECT_EQ(variance(0.0), 1.0 / 3);
  EXPECT_EQ(log_normaliser(0.0), std::numbers::ln2);
  EXPECT_EQ(entropy(0.0), std::numbers::ln2);
  EXPECT_EQ(sample(0.0, 0.25), -0.5);
}

// Moments by 60-point quadrature of the density itself.
TEST(ContinuousBernoulli, HasTheMomentsOfItsDensity) {
  const auto rule = gauss_legendre<real>(60);
  for (const real b : {-9.0L, -2.0L, -0.3L, 0.0L, 1e-7L, 1.9L, 2.1L, 6.0L}) {
    real mass = 0, first = 0, second = 0, information = 0;
    for (std::size_t k = 0; k < rule.node.size(); ++k) {
      const real s = rule.node[k], p = rule.weight[k] * std::exp(-surprise(s, b));
      mass += p;
      first += p * s;
      second += p * s * s;
      information += p * surprise(s, b);
    }
    EXPECT_NEAR(mass, 1, 1e-16);
    EXPECT_NEAR(first, mean(b), 1e-16);
    EXPECT_NEAR(second - first * first, variance(b), 1e-16);
    EXPECT_NEAR(information, entropy(b), 1e-16);
  }
}

TEST(ContinuousBernoulli, DerivativesAreCentralDifferences) {
  for (real b : {-12.0L, -1.0L, 1e-3L, 1.99L, 2.01L, 5.0L}) {
    EXPECT_NEAR(central_difference(b, [&] { return log_normaliser(b); }), mean(b), difference_tolerance);
    EXPECT_NEAR(central_difference(b, [&] { return mean(b); }), variance(b), difference_tolerance);
    real p = 0.4L;
    EXPECT_NEAR(central_difference(b, [&] { return divergence(b, p); }), (b - p) * variance(b),
                difference_tolerance);
    EXPECT_NEAR(central_difference(p, [&] { return divergence(b, p); }), mean(p) - mean(b),
                difference_tolerance);
  }
}

// The closed form in decimal arithmetic of 80 digits; for 1e300 its limits x - ln(1 + x), x = p/q - 1, and
// phi(1) + 1 + ln q - 1 (p = -1).
TEST(ContinuousBernoulliDivergence, AgreesWithDecimalArithmetic) {
  struct row {
    double q, p, expected;
  };
  for (const row& at :
       {row{0.5, 2, 0.3079652168333253845033}, row{2, 0.5, 0.2520767436500174321585},
        row{1, 1.000000001, 1.379691923316590883449e-19}, row{700, 700.5, 2.549806286939195055343e-7},
        row{-3, 40, 63.29258373307843393999}, row{1e5, -1, 12.36750200710136936312},
        row{1e300, 1.6e300, 0.1299963707542644463491}, row{1e300, -1, 691.6301144403448462009}}) {
    SCOPED_TRACE(testing::Message() << at.q << " || " << at.p);
    EXPECT_LT(relative(divergence(at.q, at.p), at.expected), 2e-15);
    EXPECT_LT(relative(divergence(-at.q, -at.p), at.expected), 2e-15);
  }
}

TEST(ContinuousBernoulliDivergence, IsNeverNegativeAndZeroOnlyAtEquality) {
  const runtime::stream q(7, "q"), p(7, "p"), scale(7, "scale");
  for (std::uint64_t k = 0; k < 20000; ++k) {
    const double size = std::pow(10.0, 12 * scale.uniform(k) - 4);
    const double a = size * q.normal(k), b = size * p.normal(k);
    EXPECT_GT(divergence(a, b), 0) << a << " " << b;
    EXPECT_EQ(divergence(a, a), 0);
  }
  for (const double b : {0.0, 1e-300, 700.0, 1e300}) EXPECT_EQ(divergence(b, b), 0);
}

// ln((e^{-b} + u (e^b - e^{-b})))/b in decimal arithmetic of 80 digits and more.
TEST(ContinuousBernoulliSampler, AgreesWithDecimalArithmetic) {
  EXPECT_NEAR(sample(1.0, 0.25), -0.04554140720675945346076, 1e-15);
  EXPECT_NEAR(sample(-3.0, 0.9), -0.2398261586813440672299, 1e-15);
  EXPECT_NEAR(sample(10.0, 0.01), 0.5394830018066096455141, 1e-15);
  EXPECT_NEAR(sample(0.001, 0.3), -0.3995798880364340703448, 1e-15);
  EXPECT_NEAR(sample(50.0, 0.5), 0.9861370563888010938117, 1e-15);
  EXPECT_NEAR(sample(0.9999, 0.1), -0.5060120588221201821330, 1e-15);
  EXPECT_NEAR(sample(700.0, 0.3), 0.9982800388509629485291, 1e-15);
}

TEST(ContinuousBernoulliSampler, InvertsTheDistributionFunction) {
  for (const double b : {-40.0, -3.0, -1e-9, 0.0, 1e-300, 0.5, 0.999, 1.001, 20.0})
    for (const double u : {0x1p-30, 0.015625, 0.3125, 0.5, 0.96875, 1 - 0x1p-30}) {  // 1 - u is exact
      EXPECT_NEAR(distribution(sample(b, u), b), u, 1e-13) << b << " " << u;
      EXPECT_NEAR(sample(-b, u), -sample(b, 1 - u), 1e-15) << b << " " << u;
    }
}

TEST(ContinuousBernoulliSampler, StaysInsideTheSupport) {
  for (const double size : {1e-300, 1e-9, 1.0, 700.0, 1e300})
    for (const double b : {-size, size})
      for (const double u : {0x1p-53, 0.5, 1 - 0x1p-53}) {
        EXPECT_GE(sample(b, u), -1) << b << " " << u;
        EXPECT_LE(sample(b, u), 1) << b << " " << u;
      }
}

// Mean of 100000 draws within 4 standard deviations, sqrt(L'(b) / 100000).
TEST(ContinuousBernoulliSampler, HasTheMeanOfTheDensity) {
  constexpr int draws = 100000;
  for (const double b : {1e-7, 0.5, -3.0, 40.0, 600.0}) {
    const runtime::stream uniform(11, "state");
    double sum = 0;
    for (std::uint64_t k = 0; k < draws; ++k) sum += sample(b, uniform.uniform(k));
    EXPECT_NEAR(sum / draws, mean(b), 4 * std::sqrt(variance(b) / draws));
  }
}

}  // namespace
}  // namespace freefall::by_hand::continuous_bernoulli

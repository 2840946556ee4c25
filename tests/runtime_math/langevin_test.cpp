// The functions of the continuous Bernoulli density against golden values and extended precision.

#include "freefall/runtime/langevin.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace freefall::runtime {
namespace {

// Golden values of 50-digit arithmetic, printed to 15 digits: parameter, mean, variance, log-normaliser ln(2
// sinhc b).
struct golden {
  double b, mean, variance, log_normaliser;
};
constexpr golden kGolden[] = {{0.001, 0.000333333311111113, 0.333333266666677, 0.693147347226606},
                              {0.1, 0.0333111322539896, 0.332667723388165, 0.694813292023526},
                              {1, 0.313035285499331, 0.27593833903369, 0.854586542131141},
                              {3, 0.671636489980356, 0.101146765339963, 1.89890588196293},
                              {10, 0.900000004122307, 0.00999999175538548, 7.6974149049448}};

TEST(Langevin, AgreesWithGoldenValues) {
  for (const golden& g : kGolden) {
    for (const double sign : {1.0, -1.0}) {
      EXPECT_NEAR(math::langevin(sign * g.b), sign * g.mean, 1e-14 * g.mean) << g.b;
      EXPECT_NEAR(math::langevin_derivative(sign * g.b), g.variance, 1e-14 * g.variance) << g.b;
      EXPECT_NEAR(math::log_sinhc(sign * g.b) + std::numbers::ln2, g.log_normaliser, 1e-14 * g.log_normaliser)
          << g.b;
      const auto f = static_cast<float>(sign * g.b);
      EXPECT_NEAR(math::langevin(f), sign * g.mean, 2e-6 * g.mean) << g.b;
      EXPECT_NEAR(math::langevin_derivative(f), g.variance, 2e-6 * g.variance) << g.b;
      EXPECT_NEAR(static_cast<double>(math::log_sinhc(f)) + std::numbers::ln2, g.log_normaliser,
                  2e-6 * g.log_normaliser)
          << g.b;
    }
  }
}

// Tiny arguments by the leading terms of the series, huge ones by the limits, to a few ulp.
TEST(Langevin, IsAccurateAtTheEndsOfTheRange) {
  constexpr double u = 8 * std::numeric_limits<double>::epsilon();
  EXPECT_EQ(math::langevin(0.0), 0.0);
  EXPECT_EQ(math::log_sinhc(0.0), 0.0);
  for (const double b : {1e-300, 1e-9}) {
    EXPECT_NEAR(math::langevin(b), b / 3, u * b / 3);
    EXPECT_NEAR(math::langevin_derivative(b), 1.0 / 3, u / 3);
    EXPECT_NEAR(math::log_sinhc(b), b * b / 6, u * b * b / 6);
  }
  EXPECT_NEAR(math::langevin_derivative(0.0), 1.0 / 3, u);
  EXPECT_NEAR(math::langevin(700.0), 1 - 1.0 / 700, u);
  EXPECT_NEAR(math::langevin_derivative(700.0), 1.0 / 490000, u / 490000);
  EXPECT_NEAR(math::log_sinhc(700.0), 700 - std::log(1400.0), 700 * u);
  EXPECT_EQ(math::langevin(1e300), 1.0);
  EXPECT_EQ(math::langevin_derivative(1e300), 0.0);
  EXPECT_EQ(math::log_sinhc(1e300), 1e300);
  EXPECT_EQ(math::langevin(-1e38F), -1.0F);
  EXPECT_EQ(math::log_sinhc(1e38F), 1e38F);
  EXPECT_TRUE(std::isnan(math::langevin(std::nan(""))));
  EXPECT_TRUE(std::isnan(math::langevin_derivative(std::nan(""))));
  EXPECT_TRUE(std::isnan(math::log_sinhc(std::nan(""))));
}

// Golden samples s(b, u) of 50-digit arithmetic.
TEST(ContinuousBernoulliQuantile, AgreesWithGoldenValues) {
  const double rows[][3] = {{1, .25, -0.0455414072067595},
                            {-3, .9, -0.239826158681344},
                            {10, .01, 0.53948300180661},
                            {.001, .3, -0.399579888036434},
                            {50, .5, 0.986137056388801},
                            {0, .3, -0.4},
                            {1e-300, .8, 0.6},
                            {-1e-9, .8, 0.6},
                            {1e300, .5, 1}};
  for (const auto& [b, u, s] : rows) {
    EXPECT_NEAR(math::continuous_bernoulli_quantile(u, b), s, 1e-9 * (std::fabs(b) == 1e-9) + 1e-14)
        << b << " " << u;
    EXPECT_NEAR(
        math::continuous_bernoulli_quantile(static_cast<float>(u), static_cast<float>(std::fmin(b, 1e38))), s,
        2e-6)
        << b << " " << u;
  }
}

// F(Q(u)) = u with F(s) = (1 - e^(-a (1 + s))) / (1 - e^(-2 a)) for a > 0, by reflection for a < 0.
TEST(ContinuousBernoulliQuantile, InvertsTheDistributionFunction) {
  for (const double b : {1e-12, 1e-4, 0.02, 0.5, 0.999, 1.001, 3.0, 40.0, 600.0}) {
    for (const double u : {1e-12, 1e-3, 0.2, 0.5, 0.77, 0.999, 1 - 1e-12}) {
      const double s = math::continuous_bernoulli_quantile(u, b);
      EXPECT_GE(s, -1);
      EXPECT_LE(s, 1);
      // ln of e^(b (s - 1)) = u + (1 - u) e^(-2 b), where neither side cancels
      const double expected = std::log(u + (1 - u) * std::exp(-2 * b)) / b;
      EXPECT_NEAR(s - 1, b < 1 ? std::log1p((1 - u) * std::expm1(-2 * b)) / b : expected, 1e-15 + 4e-16)
          << b << " " << u;
      EXPECT_EQ(math::continuous_bernoulli_quantile(1 - u, -b),
                -math::continuous_bernoulli_quantile(1 - (1 - u), b));
    }
  }
}

}  // namespace
}  // namespace freefall::runtime

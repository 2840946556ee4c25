// The log-gamma function and its derivatives against Boost.Math in extended precision.

#include <gtest/gtest.h>

#include <boost/math/special_functions/digamma.hpp>
#include <boost/math/special_functions/polygamma.hpp>
#include <boost/math/special_functions/trigamma.hpp>
#include <cmath>
#include <limits>

#include "freefall/runtime/pointwise.hpp"

namespace freefall::runtime {
namespace {

// Against the larger of 1 and the value, 8 roundings.
template <class T>
void agree() {
  const auto near = [](T found, long double exact, T x, const char* what) {
    const long double u = 8 * static_cast<long double>(std::numeric_limits<T>::epsilon());
    EXPECT_NEAR(static_cast<long double>(found), exact, u * std::fmax(1.0L, std::fabs(exact)))
        << what << ' ' << x;
  };
  for (T x = T(1e-3); x < T(1e5); x *= T(1.037)) {
    const long double wide = x;
    near(math::log_gamma(x), std::lgamma(wide), x, "log_gamma");
    near(math::digamma(x), boost::math::digamma(wide), x, "digamma");
    near(math::trigamma(x), boost::math::trigamma(wide), x, "trigamma");
    if (x > T(0.05) && x < T(100)) {
      for (int n = 2; n <= 6; ++n)
        near(math::polygamma(static_cast<T>(n), x), boost::math::polygamma(n, wide), x, "polygamma");
    }
  }
}

TEST(Gamma, AgreesWithExtendedPrecision) {
  agree<float>();
  agree<double>();
}

// Relative accuracy of what decays: psi'(x) is about 1/x.
TEST(Gamma, TrigammaIsAccurateRelativeToItself) {
  for (double x = 1e-8; x < 1e12; x *= 1.37) {
    const long double exact = boost::math::trigamma(static_cast<long double>(x));
    EXPECT_NEAR(math::trigamma(x) / exact, 1, 8 * std::numeric_limits<double>::epsilon()) << x;
  }
}

TEST(Gamma, HasItsEndsAndNoOthers) {
  EXPECT_EQ(math::digamma(std::numeric_limits<double>::infinity()), std::numeric_limits<double>::infinity());
  EXPECT_EQ(math::trigamma(std::numeric_limits<double>::infinity()), 0);
  EXPECT_EQ(math::log_gamma(1.0), 0);
  EXPECT_EQ(math::log_gamma(2.0), 0);
  for (const double x : {0.0, -1.0, -0.5, std::nan("")}) {
    EXPECT_TRUE(std::isnan(math::digamma(x))) << x;
    EXPECT_TRUE(std::isnan(math::trigamma(x))) << x;
  }
}

}  // namespace
}  // namespace freefall::runtime

// Logs of probabilities against extended precision, and their ends.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "freefall/runtime/pointwise.hpp"

namespace freefall::runtime {
namespace {

// The log of vector_math.hpp is good to 4 roundings; xlogx adds one.
template <class T>
void agree() {
  const T u = 8 * std::numeric_limits<T>::epsilon();
  for (T p = T(1e-15); p < T(1); p *= T(1.0137)) {
    const long double exact = std::log(static_cast<long double>(p));
    EXPECT_NEAR(math::log_probability(p), exact, u * std::fabs(exact)) << p;
    EXPECT_NEAR(math::xlogx(p), p * exact, u * std::fabs(p * exact)) << p;
  }
}

TEST(LogProbability, AgreesWithExtendedPrecision) {
  agree<float>();
  agree<double>();
}

TEST(LogProbability, IsFiniteAtZeroAndOneHasNoSurprise) {
  EXPECT_NEAR(math::log_probability(0.0), std::log(1e-16), 1e-13);
  EXPECT_EQ(math::log_probability(1e-300), math::log_probability(0.0));
  EXPECT_EQ(math::log_probability(1.0), 0.0);
  EXPECT_EQ(math::xlogx(0.0), 0.0);
  EXPECT_EQ(math::xlogx(1.0), 0.0);
  EXPECT_TRUE(std::isnan(math::log_probability(std::nan(""))));
  EXPECT_TRUE(std::isnan(math::xlogx(std::nan(""))));
}

}  // namespace
}  // namespace freefall::runtime

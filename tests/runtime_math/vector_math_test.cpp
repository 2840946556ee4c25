// Special values, and the array forms. Accuracy is in tests/numerics.
#include "freefall/runtime/vector_math.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace {

namespace math = freefall::runtime::math;

template <class T>
using function = T (*)(T);
template <class T>
using functions = std::vector<function<T>>;

template <class T>
class VectorMathLimits : public testing::Test {};
using scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(VectorMathLimits, scalars);

TYPED_TEST(VectorMathLimits, InfinitiesGiveTheLimit) {
  using T = TypeParam;
  constexpr T inf = std::numeric_limits<T>::infinity();
  EXPECT_EQ(math::exp(inf), inf);
  EXPECT_EQ(math::exp(-inf), T(0));
  EXPECT_EQ(math::expm1(inf), inf);
  EXPECT_EQ(math::expm1(-inf), T(-1));
  EXPECT_EQ(math::log(inf), inf);
  EXPECT_EQ(math::log1p(inf), inf);
  EXPECT_EQ(math::tanh(inf), T(1));
  EXPECT_EQ(math::tanh(-inf), T(-1));
  EXPECT_EQ(math::sigmoid(inf), T(1));
  EXPECT_EQ(math::sigmoid(-inf), T(0));
  EXPECT_EQ(math::softplus(inf), inf);
  EXPECT_EQ(math::softplus(-inf), T(0));
  EXPECT_EQ(math::swish(inf), inf);
  EXPECT_EQ(math::swish(-inf), T(0));
  EXPECT_EQ(math::gelu(inf), inf);
  EXPECT_EQ(math::gelu(-inf), T(0));
  EXPECT_EQ(math::erf(inf), T(1));
  EXPECT_EQ(math::erf(-inf), T(-1));
  EXPECT_EQ(math::relu(inf), inf);
  EXPECT_TRUE(std::isnan(math::sin(inf)));
  EXPECT_TRUE(std::isnan(math::cos(-inf)));
  EXPECT_TRUE(std::isnan(math::tan(inf)));
}

TYPED_TEST(VectorMathLimits, LogarithmsMeetTheirPolesAndRefuseWhatLiesBeyond) {
  using T = TypeParam;
  constexpr T inf = std::numeric_limits<T>::infinity();
  EXPECT_EQ(math::log(T(0)), -inf);
  EXPECT_EQ(math::log(-T(0)), -inf);
  EXPECT_TRUE(std::isnan(math::log(T(-1))));
  EXPECT_TRUE(std::isnan(math::log(-inf)));
  EXPECT_EQ(math::log1p(T(-1)), -inf);
  EXPECT_TRUE(std::isnan(math::log1p(T(-1.5))));
  EXPECT_EQ(math::log(T(1)), T(0));
  constexpr T denormal = std::numeric_limits<T>::denorm_min();
  EXPECT_NEAR(math::log(denormal), std::log(denormal),
              std::abs(std::log(denormal)) * std::numeric_limits<T>::epsilon());
}

// exp rounds gradually through the denormals: e^-100 in float, e^-740 in double.
TYPED_TEST(VectorMathLimits, DenormalResultsAreNotFlushed) {
  using T = TypeParam;
  const T x = sizeof(T) == 4 ? T(-100) : T(-740);
  EXPECT_EQ(math::exp(x), static_cast<T>(std::exp(static_cast<long double>(x))));
  constexpr T denormal = std::numeric_limits<T>::denorm_min();
  EXPECT_EQ(math::tanh(denormal), denormal);
  EXPECT_EQ(math::expm1(denormal), denormal);
  EXPECT_EQ(math::log1p(denormal), denormal);
  EXPECT_EQ(math::sin(denormal), denormal);
  EXPECT_EQ(math::tan(denormal), denormal);
}

TYPED_TEST(VectorMathLimits, SignOfZeroIsKept) {
  using T = TypeParam;
  for (const function<T> f : functions<T>{&math::tanh<T>, &math::expm1<T>, &math::log1p<T>, &math::erf<T>,
                                          &math::sin<T>, &math::tan<T>, &math::swish<T>, &math::gelu<T>}) {
    EXPECT_EQ(f(T(0)), T(0));
    EXPECT_FALSE(std::signbit(f(T(0))));
    EXPECT_TRUE(std::signbit(f(-T(0))));
  }
}

TYPED_TEST(VectorMathLimits, NanPropagates) {
  using T = TypeParam;
  constexpr T nan = std::numeric_limits<T>::quiet_NaN();
  for (const function<T> f :
       functions<T>{&math::exp<T>, &math::expm1<T>, &math::log<T>, &math::log1p<T>, &math::tanh<T>,
                    &math::sigmoid<T>, &math::softplus<T>, &math::relu<T>, &math::swish<T>, &math::erf<T>,
                    &math::gelu<T>, &math::sqrt<T>, &math::sin<T>, &math::cos<T>, &math::tan<T>}) {
    EXPECT_TRUE(std::isnan(f(nan)));
    EXPECT_TRUE(std::isnan(f(-nan)));
  }
}

// Vectorised loop, remainder loop and single call give the same bits, also in place.
TYPED_TEST(VectorMathLimits, ArrayFormsEqualTheScalarForms) {
  using T = TypeParam;
  for (const std::size_t n : {0U, 1U, 3U, 15U, 16U, 17U, 100U}) {
    std::vector<T> x(n), y(n);
    for (std::size_t i = 0; i < n; ++i) x[i] = T(0.37) * static_cast<T>(i) - 5;
    math::tanh(n, x.data(), y.data());
    for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(y[i], math::tanh(x[i]));
    math::softplus(n, x.data(), y.data());
    for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(y[i], math::softplus(x[i]));
    y = x;
    math::exp(n, y.data(), y.data());
    for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(y[i], math::exp(x[i]));
    for (std::size_t i = 0; i < n; ++i) x[i] *= T(i % 3 == 0 ? 1e20 : i % 3 == 1 ? 1e10 : 1);
    math::sin(n, x.data(), y.data());
    for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(y[i], math::sin(x[i]));
    math::cos(n, x.data(), y.data());
    for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(y[i], math::cos(x[i]));
    math::tan(n, x.data(), y.data());
    for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(y[i], math::tan(x[i]));
  }
}

// The numbers below 2^48 that come nearest to an odd multiple of pi / 2, by continued fractions; their cosine
// to 400 bits.
TEST(Angles, TheReductionKeepsItsDigitsNextToQuarterTurns) {
  struct {
    double x, cosine;
  } constexpr kNearest[] = {
      {0x1.6c6cbc45dc8dep+5, -6.1898063658835770e-19},
      {0x1.b951f1572eba5p+23, -1.6985038298986004e-18},
      {0x1.065c829d68730p+39, 1.5011223641895818e-17},
      {0x1.7512069b7430dp+47, 1.9177273808217004e-17},
  };
  for (const auto& [x, cosine] : kNearest) {
    EXPECT_NEAR(math::cos(x), cosine, std::abs(cosine) * std::numeric_limits<double>::epsilon());
    EXPECT_EQ(std::abs(math::sin(x)), 1.0);
    EXPECT_NEAR(math::tan(x), math::sin(x) / cosine,
                std::abs(1 / cosine) * std::numeric_limits<double>::epsilon());
  }
}

// Below, neighbours are 1/32 apart and each has its own sine.
TEST(Angles, NumbersOfDoubleFromTwoToTheFortyEighthOnAreWholeTurns) {
  constexpr double from = 0x1p48, below = 0x1.fffffffffffffp47;
  EXPECT_NEAR(math::sin(below), static_cast<double>(std::sin(static_cast<long double>(below))), 1e-15);
  EXPECT_NEAR(math::cos(-below), static_cast<double>(std::cos(static_cast<long double>(below))), 1e-15);
  for (const double x : {from, 1e22, std::numeric_limits<double>::max()}) {
    for (const double signed_x : {x, -x}) {
      EXPECT_EQ(math::sin(signed_x), 0.0);
      EXPECT_EQ(std::signbit(math::sin(signed_x)), signed_x < 0);
      EXPECT_EQ(math::cos(signed_x), 1.0);
      EXPECT_EQ(math::tan(signed_x), 0.0);
    }
  }
}

}  // namespace

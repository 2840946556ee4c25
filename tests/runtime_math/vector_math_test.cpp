// Accuracy in units in the last place against the C library in the next wider format, special values, and the
// array forms.
#include "freefall/runtime/vector_math.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <ostream>
#include <random>
#include <string>
#include <vector>

namespace {

namespace math = freefall::runtime::math;

constexpr float infinity = std::numeric_limits<float>::infinity();

// Distance of y from the exact value in ulps of the exact value (of the smallest denormal below the normals).
template <class T, class Wide>
double ulps(T y, Wide exact) {
  if (std::isnan(exact)) return std::isnan(y) ? 0 : std::numeric_limits<double>::infinity();
  constexpr Wide largest = std::numeric_limits<T>::max();
  const int lowest = std::numeric_limits<T>::min_exponent - std::numeric_limits<T>::digits;
  int exponent = lowest;
  if (exact != 0 && std::isfinite(exact))
    exponent = std::max(std::ilogb(exact) + 1 - std::numeric_limits<T>::digits, lowest);
  const Wide unit = std::ldexp(Wide(1), exponent);
  if (std::isinf(
          y)) {  // right where the exact value rounds to infinity, or an ulp of the largest number is close
    if (std::isinf(exact)) return y == exact ? 0 : std::numeric_limits<double>::infinity();
    if (std::abs(exact) < largest / 2 || std::signbit(y) != std::signbit(exact))
      return std::numeric_limits<double>::infinity();
    return static_cast<double>((largest - std::abs(exact)) / unit) + 1;
  }
  if (std::isinf(exact)) return std::numeric_limits<double>::infinity();
  return static_cast<double>(std::abs(static_cast<Wide>(y) - exact) / unit);
}

template <class T, class Wide>
struct function_case {
  std::string name;
  T (*tested)(T);
  Wide (*exact)(Wide);
};

// Exact forms; where the naive formula cancels or overflows it is written differently for the two signs.
template <class W>
W sigmoid(W x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}
template <class W>
W softplus(W x) {
  return std::fmax(x, W(0)) + std::log1p(std::exp(-std::abs(x)));
}
template <class W>
W swish(W x) {
  return x == -std::numeric_limits<W>::infinity() ? -W(0) : x * sigmoid(x);
}
template <class W>
W normal_cdf(W x) {
  return std::erfc(-x / std::sqrt(W(2))) / 2;
}
template <class W>
W gelu(W x) {
  return x == -std::numeric_limits<W>::infinity() ? -W(0) : x * normal_cdf(x);
}
template <class W>
W relu(W x) {
  return x < 0 ? W(0) : x;
}

#define FORM(T, W, name, exact)                                            \
  function_case<T, W> {                                                    \
    #name, [](T x) { return math::name(x); }, [](W x) { return exact(x); } \
  }

std::vector<function_case<float, double>> float_functions() {
  using F = float;
  using W = double;
  return {FORM(F, W, exp, std::exp),          FORM(F, W, expm1, std::expm1), FORM(F, W, log, std::log),
          FORM(F, W, log1p, std::log1p),      FORM(F, W, tanh, std::tanh),   FORM(F, W, sigmoid, sigmoid),
          FORM(F, W, softplus, softplus),     FORM(F, W, swish, swish),      FORM(F, W, erf, std::erf),
          FORM(F, W, normal_cdf, normal_cdf), FORM(F, W, gelu, gelu),        FORM(F, W, sin, std::sin),
          FORM(F, W, cos, std::cos),          FORM(F, W, sqrt, std::sqrt),   FORM(F, W, relu, relu)};
}

std::vector<function_case<double, long double>> double_functions() {
  using F = double;
  using W = long double;
  return {FORM(F, W, exp, std::exp),      FORM(F, W, expm1, std::expm1), FORM(F, W, log, std::log),
          FORM(F, W, log1p, std::log1p),  FORM(F, W, tanh, std::tanh),   FORM(F, W, sigmoid, sigmoid),
          FORM(F, W, softplus, softplus), FORM(F, W, swish, swish),      FORM(F, W, erf, std::erf),
          FORM(F, W, sin, std::sin),      FORM(F, W, cos, std::cos),     FORM(F, W, sqrt, std::sqrt)};
}

constexpr double bound = 4.0;  // the promise of vector_math.hpp

template <class T, class Wide>
void PrintTo(const function_case<T, Wide>& f, std::ostream* out) {
  *out << f.name;
}

template <class T, class Wide>
struct worst_case {
  double error = 0;
  T x = 0;
  void see(const function_case<T, Wide>& f, T at) {
    const double e = ulps(f.tested(at), f.exact(static_cast<Wide>(at)));
    if (!(e <= error)) error = e, x = at;
  }
};

// Every 101st of the 2^32 bit patterns: denormals, infinities and NaN among them.
class VectorMathSweep : public testing::TestWithParam<function_case<float, double>> {};

TEST_P(VectorMathSweep, FloatIsWithinFourUlpOverTheWholeDomain) {
  worst_case<float, double> worst;
  for (std::uint64_t pattern = 0; pattern < (std::uint64_t{1} << 32); pattern += 101)
    worst.see(GetParam(), std::bit_cast<float>(static_cast<std::uint32_t>(pattern)));
  RecordProperty("ulp", std::to_string(worst.error));
  EXPECT_LE(worst.error, bound) << "at " << worst.x;
}

INSTANTIATE_TEST_SUITE_P(AllFunctions, VectorMathSweep, testing::ValuesIn(float_functions()),
                         [](const auto& test) { return test.param.name; });

TEST(VectorMath, DoubleIsWithinFourUlp) {
  for (const auto& f : double_functions()) {
    std::mt19937_64 random(1);
    std::uniform_real_distribution<double> near(-40, 40), far(-760, 760);
    worst_case<double, long double> worst;
    for (int i = 0; i < 100'000; ++i) {
      worst.see(f, near(random));
      worst.see(f, far(random));
      worst.see(f, std::ldexp(near(random), -static_cast<int>(random() % 60)));
      worst.see(f, std::bit_cast<double>(random()));
    }
    RecordProperty(f.name + "_ulp", std::to_string(worst.error));
    EXPECT_LE(worst.error, bound) << f.name << " at " << worst.x;
  }
}

// The float reduction of the angle must hold where x comes closest to a multiple of pi / 2: the neighbours of
// k pi / 2 for k over all magnitudes.
TEST(VectorMath, SineAndCosineHoldNextToMultiplesOfHalfPi) {
  worst_case<float, double> sine, cosine;
  const function_case<float, double> s{"sin", math::sin, std::sin}, c{"cos", math::cos, std::cos};
  for (double k = 1; k < 2e38; k = std::floor(k * 1.0007) + 1) {
    const auto x = static_cast<float>(k * 1.5707963267948966);
    for (const float at : {x, std::nextafter(x, 0.0F), std::nextafter(x, infinity), -x}) {
      sine.see(s, at);
      cosine.see(c, at);
    }
  }
  EXPECT_LE(sine.error, bound) << sine.x;
  EXPECT_LE(cosine.error, bound) << cosine.x;
}

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
}

TYPED_TEST(VectorMathLimits, SignOfZeroIsKept) {
  using T = TypeParam;
  for (const function<T> f : functions<T>{&math::tanh<T>, &math::expm1<T>, &math::log1p<T>, &math::erf<T>,
                                          &math::sin<T>, &math::swish<T>, &math::gelu<T>}) {
    EXPECT_EQ(f(T(0)), T(0));
    EXPECT_FALSE(std::signbit(f(T(0))));
    EXPECT_TRUE(std::signbit(f(-T(0))));
  }
}

TYPED_TEST(VectorMathLimits, NanPropagates) {
  using T = TypeParam;
  constexpr T nan = std::numeric_limits<T>::quiet_NaN();
  for (const function<T> f : functions<T>{
           &math::exp<T>, &math::expm1<T>, &math::log<T>, &math::log1p<T>, &math::tanh<T>, &math::sigmoid<T>,
           &math::softplus<T>, &math::relu<T>, &math::swish<T>, &math::erf<T>, &math::normal_cdf<T>,
           &math::gelu<T>, &math::sqrt<T>, &math::sin<T>, &math::cos<T>, &math::tanh_derivative<T>,
           &math::sigmoid_derivative<T>, &math::swish_derivative<T>, &math::gelu_derivative<T>}) {
    EXPECT_TRUE(std::isnan(f(nan)));
    EXPECT_TRUE(std::isnan(f(-nan)));
  }
}

// Central differences with step h have error h^2 / 6 |f'''| + eps |f| / h; h = eps^(1/3) gives about
// eps^(2/3).
TYPED_TEST(VectorMathLimits, DerivativesMatchCentralDifferences) {
  using T = TypeParam;
  struct pair {
    T (*f)(T);
    T (*derivative)(T);
  };
  const T h = std::cbrt(std::numeric_limits<T>::epsilon()), tolerance = 20 * h * h;
  for (const pair p :
       {pair{math::tanh<T>, math::tanh_derivative<T>}, pair{math::sigmoid<T>, math::sigmoid_derivative<T>},
        pair{math::softplus<T>, math::sigmoid<T>}, pair{math::swish<T>, math::swish_derivative<T>},
        pair{math::gelu<T>, math::gelu_derivative<T>}})
    for (T x = -6; x < 6; x += T(0.37)) {
      const T up = x + h, down = x - h;
      EXPECT_NEAR(p.derivative(x), (p.f(up) - p.f(down)) / (up - down), tolerance) << x;
    }
  EXPECT_EQ(math::relu_derivative(T(2)), T(1));
  EXPECT_EQ(math::relu_derivative(T(0)), T(0));
  EXPECT_EQ(math::relu_derivative(T(-2)), T(0));
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
  }
}

}  // namespace

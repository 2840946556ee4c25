// States that decay into the denormal numbers end at zero, and the mode of the thread is what it was.

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <decay_double_views.hpp>
#include <decay_float_views.hpp>
#include <decay_kept_views.hpp>
#include <freefall/runtime/denormals.hpp>
#include <limits>

namespace freefall {
namespace {

#if defined(__SSE__) || defined(__aarch64__)

// What the thread does now: half of the smallest normal number, and a denormal number times two.
struct Mode {
  bool gives_denormals, takes_denormals;
};
Mode mode() {
  volatile double smallest = std::numeric_limits<double>::min(), half = 0.5,
                  denormal = std::numeric_limits<double>::denorm_min() * 1024, two = 2;
  const volatile double result = smallest * half, twice = denormal * two;
  const auto is_zero = [](const volatile double& x) {
    return std::bit_cast<std::uint64_t>(static_cast<double>(x)) == 0;
  };
  return {!is_zero(result), !is_zero(twice)};
}

template <class Instance>
void expect_decay_to_zero(double start) {
  using Scalar = std::remove_reference_t<decltype(std::declval<Instance&>().x()(0))>;
  Instance kernels;
  for (Eigen::Index i = 0; i < kernels.x().size(); ++i)
    kernels.x()(i) = static_cast<Scalar>(start * (1 + 0.1 * double(i)));
  for (int call = 0; call < 3; ++call) {
    kernels.decay();
    EXPECT_TRUE(mode().gives_denormals && mode().takes_denormals);
    for (Eigen::Index i = 0; i < kernels.x().size(); ++i) {
      const auto x = kernels.x()(i);
      EXPECT_TRUE(x == 0 || std::isnormal(x)) << x;
    }
  }
  EXPECT_EQ(kernels.x()(0), Scalar(0));
}

// 2^-20 is left after a call, so 1e-43 or 1e-306, then 1e-49 or 1e-312.
TEST(Denormals, StatesThatDecayEndAtZero) {
  expect_decay_to_zero<decay_float::instance>(1e-37);
  expect_decay_to_zero<decay_double::instance>(1e-300);
}

TEST(Denormals, AreTakenAsZero) {
  decay_double::instance kernels;
  kernels.x().setConstant(std::numeric_limits<double>::denorm_min());
  kernels.decay();
  EXPECT_EQ(kernels.x()(3), 0.0);
}

TEST(Denormals, AreKeptWhereTheKernelsAreCompiledSo) {
  decay_kept::instance kernels;
  kernels.x().setConstant(1e-300);
  kernels.decay();
  kernels.decay();
  const double left = std::ldexp(1e-300, -40);
  ASSERT_EQ(std::fpclassify(left), FP_SUBNORMAL);
  EXPECT_NEAR(kernels.x()(0), left, 40 * std::numeric_limits<double>::denorm_min());
}

// A fault comes back by another path.
TEST(Denormals, ModeIsPutBackAfterAFault) {
  decay_double::instance kernels;
  kernels.x()(2) = std::numeric_limits<double>::infinity();
  EXPECT_ANY_THROW(kernels.decay());
  EXPECT_TRUE(mode().gives_denormals && mode().takes_denormals);
}

// A kernel finds the mode held, also where another object of the same thread let it go in between.
TEST(Denormals, ModeIsHeldByTheOutermost) {
  {
    const runtime::flush_denormals outer = {};
    {
      const runtime::flush_denormals inner = {};
    }
    EXPECT_FALSE(mode().gives_denormals || mode().takes_denormals);
  }
  EXPECT_TRUE(mode().gives_denormals && mode().takes_denormals);
  const runtime::flush_denormals again = {};
  EXPECT_FALSE(mode().gives_denormals || mode().takes_denormals);
}

// Whoever holds the mode keeps it over calls of kernels.
TEST(Denormals, ModeOfTheCallerIsLeftAsItIs) {
  decay_double::instance kernels;
  {
    const runtime::flush_denormals held = {};
    EXPECT_FALSE(mode().gives_denormals || mode().takes_denormals);
    kernels.decay();
    EXPECT_FALSE(mode().gives_denormals || mode().takes_denormals);
  }
  EXPECT_TRUE(mode().gives_denormals && mode().takes_denormals);
}

#endif

}  // namespace
}  // namespace freefall

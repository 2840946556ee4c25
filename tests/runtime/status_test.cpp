#include "freefall/runtime/status.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace freefall::runtime {
namespace {

static_assert(status{}.ok());
static_assert(!status{fault::diverged}.ok());
static_assert(sizeof(fault) == sizeof(int));

template <class T>
class FirstNotFinite : public ::testing::Test {};
using scalars = ::testing::Types<float, double>;
TYPED_TEST_SUITE(FirstNotFinite, scalars);

// Lengths around the widths of vectors (4 to 16) and of the block that is tested at once (64).
constexpr std::size_t lengths[] = {0,  1,  3,  4,  5,  7,  8,   9,   15,  16,
                                   17, 31, 33, 63, 64, 65, 127, 128, 129, 200};

TYPED_TEST(FirstNotFinite, IsFoundAtEveryPosition) {
  using limits = std::numeric_limits<TypeParam>;
  for (const std::size_t n : lengths) {
    for (const TypeParam bad : {limits::quiet_NaN(), -limits::quiet_NaN(), limits::signaling_NaN(),
                                limits::infinity(), -limits::infinity()}) {
      std::vector<TypeParam> x(n, TypeParam(1));
      for (std::size_t at = n; at-- > 0;) {
        x[at] = bad;  // everything from `at` on is bad: the first must be named
        EXPECT_EQ(first_not_finite(x.data(), n), at) << "of " << n;
      }
    }
  }
}

TYPED_TEST(FirstNotFinite, LooksAtNothingOutsideTheRange) {
  for (const std::size_t n : lengths) {
    std::vector<TypeParam> x(n + 2, std::numeric_limits<TypeParam>::quiet_NaN());
    for (std::size_t i = 0; i < n; ++i) x[i + 1] = TypeParam(1);
    EXPECT_EQ(first_not_finite(x.data() + 1, n), n);
  }
}

TYPED_TEST(FirstNotFinite, AcceptsTheExtremesOfFiniteNumbers) {
  using limits = std::numeric_limits<TypeParam>;
  std::vector<TypeParam> x;
  for (int i = 0; i < 40; ++i)
    for (const TypeParam v : {limits::max(), limits::lowest(), limits::min(), -limits::denorm_min(),
                              limits::denorm_min(), TypeParam(0), -TypeParam(0)})
      x.push_back(v);
  EXPECT_EQ(first_not_finite(x.data(), x.size()), x.size());
}

TYPED_TEST(FirstNotFinite, AcceptsNullForNoElements) {
  EXPECT_EQ(first_not_finite(static_cast<const TypeParam*>(nullptr), 0), 0U);
}

}  // namespace
}  // namespace freefall::runtime

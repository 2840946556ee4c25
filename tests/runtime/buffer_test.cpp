#include "freefall/runtime/buffer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace freefall::runtime {
namespace {

static_assert(!std::is_copy_constructible_v<aligned_buffer<float>>);
static_assert(std::is_nothrow_move_constructible_v<aligned_buffer<float>>);
static_assert(std::is_nothrow_move_assignable_v<aligned_buffer<float>>);

TEST(AlignedBuffer, IsAlignedAndZeroUpToTheEndOfTheCacheLine) {
  for (std::size_t n = 1; n < 70; ++n) {
    const aligned_buffer<float> x(n);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(x.data()) % 64, 0U);
    EXPECT_EQ(x.size(), n);
    const std::size_t whole_lines = (n + 15) / 16 * 16;
    EXPECT_TRUE(std::all_of(x.data(), x.data() + whole_lines, [](float v) { return v == 0; }));
  }
}

TEST(AlignedBuffer, MayBeEmpty) {
  const aligned_buffer<double> x(0);
  EXPECT_EQ(x.size(), 0U);
  EXPECT_TRUE(x.span().empty());
}

TEST(AlignedBuffer, MovesItsMemory) {
  aligned_buffer<float> x(3);
  x[1] = 5;
  const float* const memory = x.data();
  aligned_buffer<float> y(std::move(x));
  EXPECT_EQ(y.data(), memory);
  aligned_buffer<float> z(100);
  z = std::move(y);
  EXPECT_EQ(z.data(), memory);
  EXPECT_EQ(z.size(), 3U);
  EXPECT_EQ(z[1], 5);
}

TEST(AlignedBuffer, RefusesASizeThatOverflows) {
  EXPECT_THROW(aligned_buffer<double>(std::numeric_limits<std::size_t>::max() / 4), std::bad_alloc);
}

}  // namespace
}  // namespace freefall::runtime

// Draws by the lanes of a vector have the bits of single draws. Compiled for each instruction set that the
// processor has.

#include <gtest/gtest.h>

#include <cmath>
#include <freefall/runtime/random.hpp>
#include <vector>

namespace freefall::runtime {
namespace {

template <class T>
class Fill : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(Fill, Scalars);

// Low and high words of seed and stream all differ; counters on both sides of a carry into the high word of
// the block's number, and up to the last one.
constexpr stream numbers(0x0123'4567'89ab'cdef, 0xfedc'ba98'7654'3210);
constexpr std::uint64_t starts[] = {0, 38, (std::uint64_t{1} << 33) - 20, ~std::uint64_t{0} - 100};

TYPED_TEST(Fill, HasTheBitsOfSingleDrawsForEveryLengthAndParity) {
  for (const std::uint64_t start : starts)
    for (std::uint64_t first = start; first < start + 2; ++first)
      for (std::size_t n = 0; n <= 70; ++n) {
        std::vector<TypeParam> out(n + 2, TypeParam(7));
        numbers.fill_uniform(std::span<TypeParam>(out.data() + 1, n), first);
        ASSERT_EQ(out.front(), 7);
        ASSERT_EQ(out.back(), 7) << n << " draws wrote one more";
        for (std::size_t i = 0; i < n; ++i)
          ASSERT_EQ(out[i + 1], numbers.uniform<TypeParam>(first + i))
              << "draw " << i << " of " << n << " from " << first;
      }
}

TYPED_TEST(Fill, WithTheRestOfTheLastVectorHasTheSameBitsAndWritesNothingBehindIt) {
  constexpr std::size_t vector = 64 / sizeof(TypeParam);
  for (std::uint64_t first = 38; first < 40; ++first)
    for (std::size_t n = 0; n <= 70; ++n) {
      const std::size_t room = (n + vector - 1) / vector * vector;
      std::vector<TypeParam> out(room + 1, TypeParam(7));
      numbers.fill_uniform_and_rest(std::span<TypeParam>(out.data(), n), first);
      ASSERT_EQ(out.back(), 7) << n << " draws wrote behind the last vector";
      for (std::size_t i = 0; i < n; ++i)
        ASSERT_EQ(out[i], numbers.uniform<TypeParam>(first + i))
            << "draw " << i << " of " << n << " from " << first;
    }
}

TYPED_TEST(Fill, MakesPositionsOfTheDrawsInDouble) {
  for (const std::size_t n : {1, 2, 5, 64, 65, 200})
    for (std::uint64_t first = 0; first < 2; ++first) {
      std::vector<TypeParam> out(n);
      numbers.fill_positions(std::span<TypeParam>(out), first);
      for (std::size_t i = 0; i < n; ++i)
        ASSERT_EQ(out[i], std::floor(static_cast<double>(n) * numbers.uniform(first + i)))
            << i << " of " << n;
    }
}

TYPED_TEST(Fill, MakesAnOrderOfTheDrawsInDouble) {
  for (const std::size_t n : {1, 2, 5, 64, 65, 200})
    for (std::uint64_t first = 0; first < 2; ++first) {
      std::vector<TypeParam> out(n), expected;
      numbers.fill_permutation(std::span<TypeParam>(out), first);
      for (std::size_t i = 0; i < n; ++i) {
        const auto place = static_cast<std::size_t>(static_cast<double>(i + 1) * numbers.uniform(first + i));
        expected.push_back(TypeParam(i));
        std::swap(expected[place], expected[i]);
      }
      ASSERT_EQ(out, expected) << n;
    }
}

}  // namespace
}  // namespace freefall::runtime

#include "freefall/runtime/random.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace freefall::runtime {
namespace {

using words = std::array<std::uint32_t, 4>;

// Known answers of philox4x32-10 from the file kat_vectors of Random123.
TEST(Philox, GivesTheKnownAnswers) {
  EXPECT_EQ(stream(0, 0).block(0), (words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::uint64_t ones = ~std::uint64_t{0};
  EXPECT_EQ(stream(ones, ones).block(ones), (words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  // Counter 243f6a88 85a308d3 13198a2e 03707344, key a4093822 299f31d0: words of pi, the low word of a pair
  // first.
  EXPECT_EQ(stream(0x299f31d0a4093822, 0x0370734413198a2e).block(0x85a308d3243f6a88),
            (words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

// Test vectors of draft-eastlake-fnv for 64-bit FNV-1a.
TEST(StreamId, IsFnv1a) {
  static_assert(stream_id("") == 0xcbf29ce484222325);
  static_assert(stream_id("a") == 0xaf63dc4c8601ec8c);
  static_assert(stream_id("foobar") == 0x85944171f73967e8);
}

TEST(StreamId, OfAnIndexIsTheHashOfNameAndIndexBytes) {
  static_assert(stream_id("shuffle", 3) == stream_id(std::string_view("shuffle\3\0\0\0\0\0\0\0", 15)));
  EXPECT_NE(stream_id("shuffle", 0), stream_id("shuffle", 1));
}

// Golden values of this test and the next: an independent implementation of Philox in Python.
TEST(Uniform, IsPinned) {
  const stream s(2024, "W1");
  EXPECT_EQ(s.uniform(0), 0x1.f973521b91506p-2);
  EXPECT_EQ(s.uniform(1), 0x1.b2c4c63eaf75cp-3);
  EXPECT_EQ(s.uniform(2), 0x1.bf046f7f79f0ap-2);
  EXPECT_EQ(s.uniform(3), 0x1.71e6fef015267p-1);
}

TEST(Normal, IsPinnedUpToTheLastPlacesOfTheCLibrary) {
  const stream s(2024, "W1");
  EXPECT_NEAR(s.normal(0), 0.278930665359882, 1e-14);
  EXPECT_NEAR(s.normal(1), 1.1550935831380675, 1e-14);
}

TEST(Uniform, LiesStrictlyBetweenZeroAndOne) {
  const stream s(7, "open");
  for (std::uint64_t c = 0; c < 100000; ++c) {
    EXPECT_GT(s.uniform<float>(c), 0.0F);
    EXPECT_LT(s.uniform<float>(c), 1.0F);
    EXPECT_GT(s.uniform(c), 0.0);
    EXPECT_LT(s.uniform(c), 1.0);
  }
}

TEST(Uniform, InFloatIsTheMiddleOfTheCellOfTheDoubleDraw) {
  const stream s(7, "cell");
  for (std::uint64_t c = 0; c < 10000; ++c) {
    const double cell = std::floor(s.uniform(c) * 0x1p23);
    EXPECT_EQ(s.uniform<float>(c), (cell + 0.5) * 0x1p-23);
  }
}

TEST(Normal, InFloatIsTheDoubleDrawRounded) {
  const stream s(7, "rounded");
  for (std::uint64_t c = 0; c < 10000; ++c) EXPECT_EQ(s.normal<float>(c), static_cast<float>(s.normal(c)));
}

TEST(Stream, DiffersBySeedAndName) {
  EXPECT_NE(stream(1, "a").word(0), stream(2, "a").word(0));
  EXPECT_NE(stream(1, "a").word(0), stream(1, "b").word(0));
  EXPECT_EQ(stream(1, "a").word(0), stream(1, stream_id("a")).word(0));
}

TEST(Stream, FillsLikeSingleDrawsFromAnyCounter) {
  const stream s(11, "fill");
  for (std::uint64_t first = 0; first < 4; ++first)
    for (std::size_t n = 0; n < 6; ++n) {
      std::vector<float> u(n);
      std::vector<double> z(n);
      s.fill_uniform(std::span(u), first);
      s.fill_normal(std::span(z), first);
      for (std::size_t i = 0; i < n; ++i) {
        EXPECT_EQ(u[i], s.uniform<float>(first + i));
        EXPECT_EQ(z[i], s.normal(first + i));
      }
    }
}

struct moments {
  double mean = 0, variance = 0, skewness = 0, kurtosis = 0;
};

moments moments_of(const std::vector<double>& x) {
  const auto n = static_cast<double>(x.size());
  moments m;
  m.mean = std::accumulate(x.begin(), x.end(), 0.0) / n;
  for (const double v : x) {
    const double d = v - m.mean;
    m.variance += d * d / n;
    m.skewness += d * d * d / n;
    m.kurtosis += d * d * d * d / n;
  }
  m.skewness /= std::pow(m.variance, 1.5);
  m.kurtosis /= m.variance * m.variance;
  return m;
}

// Tolerances are five standard errors for n draws.
constexpr std::size_t n = 1 << 18;
const double sqrt_n = std::sqrt(static_cast<double>(n));

TEST(Uniform, HasTheMomentsOfTheUniformDensity) {
  std::vector<double> x(n);
  stream(5, "moments").fill_uniform(std::span(x));
  const moments m = moments_of(x);
  EXPECT_NEAR(m.mean, 0.5, 5 * std::sqrt(1.0 / 12) / sqrt_n);
  EXPECT_NEAR(m.variance, 1.0 / 12, 5 * std::sqrt(1.0 / 180) / sqrt_n);
}

TEST(Normal, HasTheMomentsOfTheStandardNormalDensity) {
  std::vector<double> x(n);
  stream(5, "moments").fill_normal(std::span(x));
  const moments m = moments_of(x);
  EXPECT_NEAR(m.mean, 0, 5 / sqrt_n);
  EXPECT_NEAR(m.variance, 1, 5 * std::sqrt(2.0) / sqrt_n);
  EXPECT_NEAR(m.skewness, 0, 5 * std::sqrt(6.0) / sqrt_n);
  EXPECT_NEAR(m.kurtosis, 3, 5 * std::sqrt(24.0) / sqrt_n);
}

TEST(Normal, HasUncorrelatedNeighbours) {
  std::vector<double> x(n);
  stream(5, "neighbours").fill_normal(std::span(x));
  double sum = 0, sum_of_squares = 0;
  for (std::size_t i = 0; i + 1 < n; i += 2) {
    sum += x[i] * x[i + 1];
    sum_of_squares += x[i] * x[i] * x[i + 1] * x[i + 1];
  }
  EXPECT_NEAR(sum / (n / 2.0), 0, 5 / std::sqrt(n / 2.0));
  EXPECT_NEAR(sum_of_squares / (n / 2.0), 1, 5 * std::sqrt(8.0) / std::sqrt(n / 2.0));  // var (ab)^2 = 9 - 1
}

// Golden order from the same independent implementation.
TEST(Permutation, IsPinned) {
  EXPECT_THAT(stream(1, "shuffle").permutation(12),
              ::testing::ElementsAre(10, 9, 8, 6, 3, 5, 4, 7, 2, 0, 11, 1));
}

TEST(Permutation, HoldsEveryNumberOnce) {
  for (const std::size_t size : {0U, 1U, 2U, 3U, 4U, 5U, 1000U}) {
    std::vector<std::size_t> order = stream(1, "order").permutation(size), all(size);
    std::iota(all.begin(), all.end(), 0U);
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order, all);
  }
}

TEST(Permutation, VisitsAllOrdersOfThreeEquallyOften) {
  constexpr std::size_t trials = 60000;
  std::array<std::size_t, 9> count{};
  for (std::size_t t = 0; t < trials; ++t) {
    const auto order = stream(1, stream_id("three", t)).permutation(3);
    ++count[order[0] * 3 + order[1]];
  }
  const double expected = trials / 6.0, error = std::sqrt(trials * (1.0 / 6) * (5.0 / 6));
  for (const std::size_t index : {1U, 2U, 3U, 5U, 6U, 7U})
    EXPECT_NEAR(static_cast<double>(count[index]), expected, 5 * error);
}

}  // namespace
}  // namespace freefall::runtime

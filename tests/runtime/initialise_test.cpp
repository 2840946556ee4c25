#include "freefall/runtime/initialise.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "scratch.hpp"

namespace freefall::runtime::initialise {
namespace {

const stream draws(3, "W1");
constexpr std::size_t n = 1 << 16;

double root_mean_square(const std::vector<float>& x) {
  double sum = 0;
  for (const float v : x) sum += double{v} * v;
  return std::sqrt(sum / static_cast<double>(x.size()));
}

TEST(Initialise, FillsWithZerosAndConstants) {
  std::vector<float> x(5, 9.0F);
  constant(std::span(x), 0.5);
  EXPECT_THAT(x, ::testing::Each(0.5F));
  zeros(std::span(x));
  EXPECT_THAT(x, ::testing::Each(0.0F));
}

TEST(Initialise, NormalScalesTheDrawsOfTheStream) {
  std::vector<double> x(7);
  normal(std::span(x), 0.25, draws);
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(x[i], 0.25 * draws.normal(i));
}

TEST(Initialise, UniformStretchesTheDrawsOfTheStream) {
  std::vector<double> x(7);
  uniform(std::span(x), -2, 6, draws);
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(x[i], -2 + 8 * draws.uniform(i));
}

TEST(Initialise, InFloatIsTheDoubleValueRounded) {
  std::vector<float> x(7);
  std::vector<double> y(7);
  glorot_normal(std::span(x), 3, 5, draws);
  glorot_normal(std::span(y), 3, 5, draws);
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(x[i], static_cast<float>(y[i]));
  glorot_uniform(std::span(x), 3, 5, draws);
  glorot_uniform(std::span(y), 3, 5, draws);
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(x[i], static_cast<float>(y[i]));
}

// Tolerances: five standard errors of the root mean square, s sqrt((kurtosis - 1) / (4 n)), kurtosis 3 and
// 9/5.
TEST(Initialise, HasTheVarianceOfTheirPapers) {
  std::vector<float> x(n);
  const double count = static_cast<double>(n), normal_error = 5 * std::sqrt(2 / (4 * count)),
               uniform_error = 5 * std::sqrt(0.8 / (4 * count));
  const double glorot = std::sqrt(2.0 / (784 + 256)), he = std::sqrt(2.0 / 784);
  glorot_normal(std::span(x), 784, 256, draws);
  EXPECT_NEAR(root_mean_square(x), glorot, glorot * normal_error);
  glorot_uniform(std::span(x), 784, 256, draws);
  EXPECT_NEAR(root_mean_square(x), glorot, glorot * uniform_error);
  he_normal(std::span(x), 784, draws);
  EXPECT_NEAR(root_mean_square(x), he, he * normal_error);
}

TEST(Initialise, IdentityHasOnesOnTheDiagonal) {
  std::vector<float> x(6, 9.0F);
  identity(std::span(x), 2);
  EXPECT_THAT(x, ::testing::ElementsAre(1, 0, 0, 0, 1, 0));
  identity(std::span(x), 3);
  EXPECT_THAT(x, ::testing::ElementsAre(1, 0, 0, 1, 0, 0));
}

TEST(Initialise, IdentityRefusesBrokenRows) {
  std::vector<float> x(6);
  EXPECT_EQ(test::message_of<std::invalid_argument>([&] { identity(std::span(x), 4); }),
            "identity: 6 elements do not make 4 whole rows; pass the number of rows of the matrix.");
}

}  // namespace
}  // namespace freefall::runtime::initialise

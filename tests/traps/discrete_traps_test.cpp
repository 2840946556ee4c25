// Errors that public code with rules written by hand has shipped, in discrete models: the compiled kernel
// does the right thing, and the error would have been seen.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "categorical_factors_views.hpp"
#include "categorical_filter_views.hpp"
#include "categorical_xor_views.hpp"
#include "freefall/runtime/pointwise.hpp"
#include "models/tmaze/agent.hpp"
#include "tmaze_learning_views.hpp"

namespace freefall {
namespace {

constexpr double visible = 1e-2;  // what an error has to change at the least

void fill(double* to, const std::vector<double>& from) { std::copy(from.begin(), from.end(), to); }

// Two binary causes, an outcome that says only whether they differ: nothing is known of either.
TEST(Trap, StateInferenceThatConditionsOnTheTrueStateOfOtherFactors) {
  categorical_xor::instance kernels;
  fill(kernels.A_array().data(), {1, 0, 0, 1, 0, 1, 1, 0});  // A[equal, x, y], then A[different, x, y]
  kernels.o().data()[1] = 1;
  kernels.begin();
  kernels.settle();
  for (std::size_t k = 0; k < 2; ++k) {
    EXPECT_DOUBLE_EQ(kernels.x().data()[k], 0.5);
    EXPECT_DOUBLE_EQ(kernels.y().data()[k], 0.5);
  }
  // Given that y is truly 0, x would be 1 for certain.
  const double x_given_true_y[] = {0.5 * 0, 0.5 * 1};
  EXPECT_GT(std::fabs(x_given_true_y[1] / (x_given_true_y[0] + x_given_true_y[1]) - 0.5), visible);
}

// The forward filter predicts with B s and takes the log after; the expected log of B belongs to mean field.
TEST(Trap, ExpectedLogOfTheTransitionForTheLogOfThePrediction) {
  constexpr std::size_t places = 5, moves = 2;
  const double B[places] = {0.6, 0.1, 0.1, 0.15, 0.05};  // column 0; the others are its rotations
  const auto transition = [&](std::size_t to, std::size_t from) { return B[(to + places - from) % places]; };
  const double before[places] = {0.5, 0, 0.1, 0.4, 0}, likelihood[places] = {0.2, 0.7, 0.4, 0.1, 0.3};
  categorical_filter::instance kernels;
  for (std::size_t i = 0; i < places; ++i) {
    kernels.A().data()[i] = likelihood[i];
    kernels.A().data()[places + i] = 1 - likelihood[i];
    kernels.H().data()[i] = 1;
    for (std::size_t j = 0; j < places; ++j)
      for (std::size_t u = 0; u < moves; ++u)
        kernels.B_array().data()[(i * places + j) * moves + u] = transition(i, j);
  }
  kernels.a().data()[0] = kernels.o().data()[0] = kernels.h().data()[0] = 1;
  fill(kernels.before().data(), {before, before + places});
  std::array<double, places> bayes{}, printed{};
  double sum = 0, sum_printed = 0;
  for (std::size_t i = 0; i < places; ++i) {
    double expected_log = 0;
    for (std::size_t j = 0; j < places; ++j) {
      bayes[i] += transition(i, j) * before[j] * likelihood[i];
      expected_log += before[j] * std::log(transition(i, j));
    }
    printed[i] = likelihood[i] * std::exp(expected_log);
    sum += bayes[i];
    sum_printed += printed[i];
  }
  kernels.perceive(1);
  double error = 0;
  for (std::size_t i = 0; i < places; ++i) {
    EXPECT_NEAR(kernels.s().data()[i], bayes[i] / sum, 1e-14) << i;
    error = std::max(error, std::fabs(printed[i] / sum_printed - bayes[i] / sum));
  }
  EXPECT_GT(error, visible);
}

// What an outcome teaches about a table lowers the expected free energy: of two arms with the same mean, the
// one with few counts is the better.
TEST(Trap, ParameterInformationGainWithTheWrongSign) {
  using namespace models::tmaze;
  agent<tmaze_learning::instance> a(1, {0, 0, 0}, 100, 0.01);
  double* counts = a.kernels.R_concentration_array().data();
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 2; ++c) {
      counts[(4 * r + left) * 2 + c] = r == nothing ? 0.2 : 0.4;
      counts[(4 * r + right) * 2 + c] = r == nothing ? 200 : 400;
    }
  a.kernels.begin();
  a.kernels.plan();
  // I(o; A) = sum_i m_i (psi(S m_i + 1) - psi(S + 1) - ln m_i) of a column with mean m and S counts.
  const auto gain = [](double counted) {
    double out = 0;
    for (const double mean : {0.2, 0.4, 0.4})
      out += mean * (runtime::math::digamma(counted * mean + 1) - runtime::math::digamma(counted + 1) -
                     std::log(mean));
    return out;
  };
  EXPECT_NEAR(a.near(left) - a.near(right), gain(1000) - gain(1), 1e-12);
  EXPECT_GT(gain(1) - gain(1000), visible);  // with the other sign the agent would keep to what it knows
}

// A state that no other leads to has a row of zeros in B: normalised over where it came from, that is 0 / 0.
TEST(Trap, ZeroOverZeroInABackwardMessage) {
  constexpr std::size_t places = 4, contexts = 3;
  const std::vector<double> B{0.5, 0.2, 0,   0,    //
                              0.5, 0.3, 0.4, 0.1,  //
                              0,   0,   0,   0,    // nothing leads to place 2
                              0,   0.5, 0.6, 0.9};
  const std::vector<double> d{0.1, 0.2, 0.3, 0.4};
  categorical_factors::instance kernels;
  fill(kernels.d().data(), d);
  fill(kernels.e().data(), {0.2, 0.3, 0.5});
  fill(kernels.B().data(), B);
  std::fill_n(kernels.A_array().data(), 3 * places * contexts, 1.0 / 3);
  kernels.o().data()[0] = 1;
  kernels.begin();
  const auto first_given = [&](std::size_t place) {
    for (std::size_t i = 0; i < places; ++i) kernels.s().data()[i] = i == place;
    kernels.solve_first();
    return kernels.first().data();
  };
  // A place that can be reached: Bayes' rule.
  const double* first = first_given(1);
  double sum = 0;
  for (std::size_t j = 0; j < places; ++j) sum += d[j] * B[places + j];
  for (std::size_t j = 0; j < places; ++j) EXPECT_NEAR(first[j], d[j] * B[places + j] / sum, 1e-14) << j;
  // One that cannot: the message says nothing, and nothing is what it changes.
  first = first_given(2);
  for (std::size_t j = 0; j < places; ++j) EXPECT_NEAR(first[j], d[j], 1e-14) << j;
  double row = 0;
  for (std::size_t j = 0; j < places; ++j) row += B[2 * places + j];
  EXPECT_TRUE(std::isnan(B[2 * places] / row));
  kernels.settle();
  for (std::size_t j = 0; j < places; ++j) EXPECT_TRUE(std::isfinite(kernels.first().data()[j]));
}

}  // namespace
}  // namespace freefall

#include "models/reference/optimiser.hpp"

#include <gtest/gtest.h>

namespace freefall::by_hand {
namespace {

parameter<row<double>> one_number(double value, double gradient) {
  parameter<row<double>> p;
  p.resize(1, 1);
  p.value(0) = value;
  p.gradient(0) = gradient;
  return p;
}

TEST(ReferenceOptimiser, SgdStepsAgainstTheGradient) {
  auto p = one_number(1, 4);
  p.step(sgd{0.25});
  EXPECT_DOUBLE_EQ(p.value(0), 0);
}

TEST(ReferenceOptimiser, MomentumSumsDecayedGradients) {
  auto p = one_number(0, 1);
  for (int step = 0; step < 3; ++step) p.step(momentum{1, 0.5});
  EXPECT_DOUBLE_EQ(p.first(0), 1.75);  // 1 + 1/2 + 1/4
  EXPECT_DOUBLE_EQ(p.value(0), -(1 + 1.5 + 1.75));
}

// With a constant gradient the bias-corrected moments are g and g^2 exactly, so every step is rate * g / (|g|
// + eps).
TEST(ReferenceOptimiser, AdamStepsByItsRateUnderAConstantGradient) {
  for (const double gradient : {-3.0, 1e-4, 50.0}) {
    auto p = one_number(0, gradient);
    const adam method{.rate = 0.01};
    for (int step = 1; step <= 20; ++step) {
      p.step(method);
      EXPECT_NEAR(p.value(0), -0.01 * step * gradient / (std::abs(gradient) + 1e-8), 1e-14);
    }
  }
}

// Two steps with gradients 1 and 3 by hand: m = 0.1, 0.39; v = 0.001, 0.009999;
// m / (1 - 0.9^2) = 0.39 / 0.19; v / (1 - 0.999^2) = 0.009999 / 0.001999.
TEST(ReferenceOptimiser, AdamCorrectsTheBiasOfBothMoments) {
  auto p = one_number(0, 1);
  const adam method{.rate = 1, .epsilon = 0};
  p.step(method);
  EXPECT_DOUBLE_EQ(p.value(0), -1);
  p.gradient(0) = 3;
  p.step(method);
  EXPECT_NEAR(p.value(0), -1 - 0.39 / 0.19 / std::sqrt(0.009999 / 0.001999), 1e-14);
}

// Epsilon larger than the root by far: the step is rate * g / epsilon. Inside the root it would be g /
// sqrt(epsilon).
TEST(ReferenceOptimiser, AdamAddsEpsilonOutsideTheRoot) {
  auto p = one_number(0, 1);
  p.step(adam{.rate = 1, .epsilon = 1e6});
  EXPECT_NEAR(p.value(0), -1e-6, 1e-11);
}

}  // namespace
}  // namespace freefall::by_hand

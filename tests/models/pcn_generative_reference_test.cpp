#include "models/pcn_generative/reference.hpp"

#include <gtest/gtest.h>

#include "central_difference.hpp"

namespace freefall::by_hand::pcn_generative {
namespace {

network<real> random_network(real prior_precision, unsigned seed) {
  source draw(seed);
  network<real> n(6, 3, prior_precision);
  n.precision = 1.7L;
  n.W.value = draw(6, 3);
  n.b.value = draw(1, 6);
  n.begin(draw(4, 6, 0.3L), draw(4, 3));
  return n;
}

class PcnGenerativeReference : public testing::TestWithParam<real> {};

TEST_P(PcnGenerativeReference, GradientsAreCentralDifferencesOfTheEnergy) {
  auto n = random_network(GetParam(), 21);
  n.differentiate();
  const auto sum = [&] { return n.energy(); };
  const auto mean = [&] { return n.mean_energy(); };
  EXPECT_LT(worst_difference(n.z, n.z_gradient, sum), difference_tolerance);
  EXPECT_LT(worst_difference(n.W.value, n.W.gradient, mean), difference_tolerance);
  EXPECT_LT(worst_difference(n.b.value, n.b.gradient, mean), difference_tolerance);
  EXPECT_NEAR(central_difference(n.precision, mean), n.precision_gradient, difference_tolerance);
  if (n.prior_precision > 0) {
    EXPECT_NEAR(central_difference(n.prior_precision, mean), n.prior_precision_gradient,
                difference_tolerance);
  } else {
    EXPECT_EQ(n.prior_precision_gradient, 0);
  }
}

TEST_P(PcnGenerativeReference, SmallInferenceStepsLowerTheEnergy) {
  auto n = random_network(GetParam(), 22);
  real before = n.energy();
  for (int step = 0; step < 30; ++step) {
    n.infer(1, 0.02L);
    const real after = n.energy();
    EXPECT_LE(after, before);
    before = after;
  }
}

INSTANTIATE_TEST_SUITE_P(PriorPrecision, PcnGenerativeReference, testing::Values(0.0L, 0.3L, 2.0L));

// The density written out anew, one number at a time. EXPECT_NEAR compares in double.
TEST(PcnGenerativeReferenceEnergy, IsMinusTheLogDensityOfImageAndLatent) {
  auto n = random_network(0.3L, 23);
  const auto log_normal = [](real residual, real precision) {
    return std::log(std::exp(-precision * residual * residual / 2) *
                    std::sqrt(precision / (2 * std::acos(-1.0L))));
  };
  real image = 0, latent = 0;
  for (Eigen::Index s = 0; s < 4; ++s) {
    for (Eigen::Index i = 0; i < 6; ++i) {
      real a = n.b.value(i);
      for (Eigen::Index j = 0; j < 3; ++j) a += n.W.value(i, j) * n.z(s, j);
      image -= log_normal(n.x(s, i) - (1 + std::tanh(a / 2)) / 2, n.precision);
    }
    for (Eigen::Index j = 0; j < 3; ++j) latent -= log_normal(n.z(s, j), n.prior_precision);
  }
  EXPECT_NEAR(n.energy(), image + latent, 1e-13);
  n.prior_precision = 0;  // a flat prior adds nothing, constants included
  EXPECT_NEAR(n.energy(), image, 1e-13);
}

// W = 0: the image says nothing about z, which falls to its prior mean by (1 - rate pi_z) a step.
TEST(PcnGenerativeReferenceInference, DecaysToThePriorMeanWhenTheImageIsSilent) {
  auto n = random_network(2, 24);
  n.W.value.setZero();
  const matrix<real> start = n.z;
  n.infer(3, 0.25L);
  EXPECT_LT((n.z - start / 8).cwiseAbs().maxCoeff(), 1e-18L);
}

TEST(PcnGenerativeReferenceInference, StartsAtThePriorMean) {
  auto n = random_network(2, 25);
  n.begin(matrix<real>(n.x));
  EXPECT_EQ(n.z, matrix<real>::Zero(4, 3));
}

// Images made by a network are found again by its own inference under a flat prior.
TEST(PcnGenerativeReferenceInference, RecoversTheLatentOfAGeneratedImage) {
  auto n = random_network(0, 26);
  source draw(27);
  const matrix<real> latent = draw(4, 3, 0.5L);
  n.begin(n.generate(latent));
  n.infer(20000, 0.2L);
  EXPECT_LT((n.z - latent).cwiseAbs().maxCoeff(), 1e-6L);
  EXPECT_LT(n.reconstruction_error(), 1e-12L);
}

TEST(PcnGenerativeReferenceLearning, OfOneSgdStepSubtractsTheGradientOfTheMean) {
  for (const bool bias : {true, false}) {
    auto n = random_network(1, 28);
    n.bias = bias;
    auto learned = n;
    n.differentiate();
    learned.learn(sgd{0.5});
    const matrix<real> W = n.W.value - 0.5L * n.W.gradient;
    const row<real> b = n.b.value - (bias ? 0.5L : 0.0L) * n.b.gradient;
    EXPECT_EQ(learned.W.value, W);
    EXPECT_EQ(learned.b.value, b);
  }
}

TEST(PcnGenerativeReferenceErrors, NameTheShapeThatIsWrong) {
  network<float> n(6, 3, 0);
  const auto message = [&](Eigen::Index columns, Eigen::Index rows, Eigen::Index latents) -> std::string {
    try {
      n.begin(matrix<float>::Zero(2, columns), matrix<float>::Zero(rows, latents));
    } catch (const std::invalid_argument& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(message(5, 2, 3), "pcn_generative: columns of the image: expected 6, found 5");
  EXPECT_EQ(message(6, 2, 4), "pcn_generative: columns of the latent: expected 3, found 4");
  EXPECT_EQ(message(6, 1, 3), "pcn_generative: rows of the latent (rows of the image): expected 2, found 1");
  EXPECT_THROW(network<float>(6, 0, 1), std::invalid_argument);
  EXPECT_THROW(network<float>(6, 3, -1), std::invalid_argument);
}

}  // namespace
}  // namespace freefall::by_hand::pcn_generative

#include "models/pcn/reference.hpp"

#include <gtest/gtest.h>

#include <ostream>

#include "central_difference.hpp"

namespace freefall::by_hand::pcn {
namespace {

using sizes = std::vector<Eigen::Index>;

// A network away from any special point: random parameters, precisions and activities, three samples.
network<real> random_network(const sizes& d, activation hidden, activation output, unsigned seed) {
  source draw(seed);
  network<real> n(d, hidden, output);
  for (std::size_t l = 1; l <= n.top(); ++l) {
    n.levels[l].W.value = draw(d[l], d[l - 1], 0.5L);
    n.levels[l].b.value = draw(1, d[l], 0.5L);
    n.levels[l].precision = 0.5L + 0.7L * static_cast<real>(l);
  }
  n.forward(draw(3, d.front()), draw(3, d.back()));
  for (std::size_t l = 1; l < n.top(); ++l) n.levels[l].x = draw(3, d[l]);
  return n;
}

struct shape {
  sizes d;
  activation hidden, output;
};

void PrintTo(const shape& s, std::ostream* out) {
  constexpr const char* names[] = {"identity", "tanh", "relu"};
  for (const auto d : s.d) *out << d << '-';
  *out << names[static_cast<int>(s.hidden)] << '-' << names[static_cast<int>(s.output)];
}

class PcnReference : public testing::TestWithParam<shape> {};

TEST_P(PcnReference, GradientsAreCentralDifferencesOfTheEnergy) {
  const auto& [d, hidden, output] = GetParam();
  auto n = random_network(d, hidden, output, 11);
  n.differentiate();
  const auto sum = [&] { return n.energy(); };
  const auto mean = [&] { return n.mean_energy(); };
  for (std::size_t l = 0; l <= n.top(); ++l) {
    auto& at = n.levels[l];
    EXPECT_LT(worst_difference(at.x, at.x_gradient, sum), difference_tolerance) << "x_" << l;
    if (l == 0) continue;
    EXPECT_LT(worst_difference(at.W.value, at.W.gradient, mean), difference_tolerance) << "W_" << l;
    EXPECT_LT(worst_difference(at.b.value, at.b.gradient, mean), difference_tolerance) << "b_" << l;
    EXPECT_NEAR(central_difference(at.precision, mean), at.precision_gradient, difference_tolerance)
        << "pi_" << l;
  }
}

TEST_P(PcnReference, SmallInferenceStepsLowerTheEnergyAndLeaveTheGivenLevels) {
  const auto& [d, hidden, output] = GetParam();
  auto n = random_network(d, hidden, output, 12);
  const auto image = n.levels[0].x;
  const auto label = n.levels[n.top()].x;
  real before = n.energy();
  for (int step = 0; step < 30; ++step) {
    n.relax(1, 0.01L);
    const real after = n.energy();
    EXPECT_LE(after, before);
    before = after;
  }
  EXPECT_EQ(n.levels[0].x, image);
  EXPECT_EQ(n.levels[n.top()].x, label);
}

INSTANTIATE_TEST_SUITE_P(Shapes, PcnReference,
                         testing::Values(shape{{3, 2}, activation::tanh, activation::identity},
                                         shape{{4, 3, 2}, activation::tanh, activation::identity},
                                         shape{{4, 5, 3, 2}, activation::tanh, activation::tanh},
                                         shape{{4, 5, 3, 2}, activation::relu, activation::identity},
                                         shape{{3, 1, 4, 6, 2}, activation::relu, activation::tanh}));

// The density written out anew, one number at a time. EXPECT_NEAR compares in double.
TEST(PcnReferenceEnergy, IsMinusTheLogDensityOfEveryLevel) {
  auto n = random_network({4, 3, 2}, activation::tanh, activation::identity, 13);
  real expected = 0;
  for (Eigen::Index s = 0; s < 3; ++s)
    for (std::size_t l = 1; l <= 2; ++l)
      for (Eigen::Index i = 0; i < n.levels[l].x.cols(); ++i) {
        real mean = n.levels[l].b.value(i);
        for (Eigen::Index j = 0; j < n.levels[l - 1].x.cols(); ++j)
          mean += n.levels[l].W.value(i, j) * n.levels[l - 1].x(s, j);
        if (l == 1) mean = std::tanh(mean);
        const real sd = 1 / std::sqrt(n.levels[l].precision);
        const real u = (n.levels[l].x(s, i) - mean) / sd;
        expected -= std::log(std::exp(-u * u / 2) / (sd * std::sqrt(2 * std::acos(-1.0L))));
      }
  EXPECT_NEAR(n.energy(), expected, 1e-13);
  EXPECT_NEAR(n.mean_energy() * 3, expected, 1e-13);
}

TEST(PcnReferenceInference, ForwardLeavesOnlyTheErrorOfTheLabel) {
  auto n = random_network({4, 5, 3, 2}, activation::relu, activation::identity, 14);
  const auto image = n.levels[0].x;
  n.forward(image, n.levels[3].x);
  n.evaluate();
  EXPECT_EQ(n.levels[1].error.cwiseAbs().maxCoeff(), 0);
  EXPECT_EQ(n.levels[2].error.cwiseAbs().maxCoeff(), 0);
  EXPECT_GT(n.levels[3].error.cwiseAbs().maxCoeff(), 0);
  EXPECT_EQ(n.levels[3].prediction, n.predict(image));
}

// One latent level, everything linear: the minimum is the mean of a Gaussian posterior,
// (pi_1 I + pi_2 W_2' W_2)^{-1} (pi_1 (W_1 x_0 + b_1) + pi_2 W_2' (x_2 - b_2)).
TEST(PcnReferenceInference, OfALinearNetworkReachesThePosteriorMean) {
  auto n = random_network({4, 3, 2}, activation::identity, activation::identity, 15);
  const auto &one = n.levels[1], &two = n.levels[2];
  const matrix<real> precision =
      one.precision * matrix<real>::Identity(3, 3) + two.precision * two.W.value.transpose() * two.W.value;
  matrix<real> bottom_up = n.levels[0].x * one.W.value.transpose();
  bottom_up.rowwise() += one.b.value;
  matrix<real> label = two.x;
  label.rowwise() -= two.b.value;
  const matrix<real> right = one.precision * bottom_up + two.precision * label * two.W.value;
  const matrix<real> expected = precision.ldlt().solve(right.transpose()).transpose();
  n.infer(matrix<real>(n.levels[0].x), matrix<real>(two.x), 2000, 0.1L);
  EXPECT_LT((one.x - expected).cwiseAbs().maxCoeff(), 1e-15L);
}

// All levels move at once: the step of one level must not see the step of another.
TEST(PcnReferenceInference, StepsAllLevelsFromTheSameActivities) {
  auto n = random_network({4, 5, 3, 2}, activation::tanh, activation::identity, 16);
  auto stepped = n;
  n.differentiate();
  stepped.relax(1, 0.1L);
  for (const std::size_t l : {1, 2}) {
    const matrix<real> expected = n.levels[l].x - 0.1L * n.levels[l].x_gradient;
    EXPECT_EQ(stepped.levels[l].x, expected);
  }
}

TEST(PcnReferenceLearning, OfOneSgdStepSubtractsTheGradientOfTheMean) {
  auto n = random_network({4, 5, 2}, activation::tanh, activation::identity, 17);
  auto learned = n;
  n.differentiate();
  learned.learn(sgd{0.5});
  for (const std::size_t l : {1, 2}) {
    const matrix<real> W = n.levels[l].W.value - 0.5L * n.levels[l].W.gradient;
    const row<real> b = n.levels[l].b.value - 0.5L * n.levels[l].b.gradient;
    EXPECT_EQ(learned.levels[l].W.value, W);
    EXPECT_EQ(learned.levels[l].b.value, b);
  }
}

TEST(PcnReferenceLearning, FitsExclusiveOr) {
  source draw(18);
  network<real> n({2, 8, 1});
  n.levels[1].W.value = draw(8, 2);
  n.levels[2].W.value = draw(1, 8, 0.3L);
  matrix<real> image(4, 2), label(4, 1);
  image << 0, 0, 0, 1, 1, 0, 1, 1;
  label << 0, 1, 1, 0;
  for (int step = 0; step < 500; ++step) {
    n.infer(image, label, 20, 0.1L);
    n.learn(adam{.rate = 0.02});
  }
  EXPECT_LT((n.predict(image) - label).cwiseAbs().maxCoeff(), 0.5L);  // every answer on the right side
}

TEST(PcnReferenceErrors, NameTheShapeThatIsWrong) {
  network<float> n({4, 3, 2});
  const auto message = [&](Eigen::Index r, Eigen::Index c, Eigen::Index lr, Eigen::Index lc) -> std::string {
    try {
      n.forward(matrix<float>::Zero(r, c), matrix<float>::Zero(lr, lc));
    } catch (const std::invalid_argument& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(message(1, 5, 1, 2), "pcn: columns of the image: expected 4, found 5");
  EXPECT_EQ(message(1, 4, 1, 3), "pcn: columns of the label: expected 2, found 3");
  EXPECT_EQ(message(2, 4, 1, 2), "pcn: rows of the label (rows of the image): expected 2, found 1");
  EXPECT_EQ(message(2, 4, 2, 2), "");
  EXPECT_THROW(network<float>({4}), std::invalid_argument);
  EXPECT_THROW(network<float>({4, 0, 2}), std::invalid_argument);
}

}  // namespace
}  // namespace freefall::by_hand::pcn

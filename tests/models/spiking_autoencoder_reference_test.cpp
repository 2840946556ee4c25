#include "models/spiking_autoencoder/reference.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "central_difference.hpp"
#include "models/spiking_autoencoder/simulation.hpp"

namespace freefall::by_hand::spiking_autoencoder {
namespace {

network<real> random_network(unsigned seed, form kept = form::functional) {
  source draw(seed);
  network<real> net(draw(7, 3, 0.6L), kept, {.linear_cost = 0.07L, .quadratic_cost = 0.11L});
  net.x = draw(3, 1, 2);
  net.r = draw(7, 1).cwiseAbs();
  net.V = net.implied_voltage();
  return net;
}

TEST(SpikingAutoencoderReference, SpikeChangesTheEnergyByThresholdLessVoltage) {
  const auto net = random_network(61);
  for (Eigen::Index i = 0; i < 7; ++i) EXPECT_NEAR(net.energy_change(i), net.threshold(i) - net.V(i), 1e-14);
}

TEST(SpikingAutoencoderReference, SpikeMovesTheVoltagesByAColumnOfTheCouplings) {
  auto net = random_network(62);
  for (Eigen::Index k = 0; k < 7; ++k) {
    const column<real> before = net.implied_voltage();
    net.r(k) += 1;
    const column<real> change = net.implied_voltage() - before;
    EXPECT_LT((change - net.W.col(k)).cwiseAbs().maxCoeff(), 1e-16L);
    EXPECT_NEAR(net.W(k, k), -2 * (net.threshold(k) - net.c.linear_cost), 1e-14);  // the reset
  }
}

// The neuron that fires is the one whose spike lowers the energy most, by brute force; none fires if none
// can.
TEST(SpikingAutoencoderReference, FiresWhereTheEnergyFallsMost) {
  int spikes = 0, silent = 0;
  for (unsigned seed = 100; seed < 200; ++seed) {
    auto net = random_network(seed);
    Eigen::Index best = 0;
    for (Eigen::Index i = 1; i < 7; ++i)
      if (net.energy_change(i) < net.energy_change(best)) best = i;
    const real change = net.energy_change(best), before = net.energy();
    const auto fired = net.fire(policy::one_winner);
    if (change < 0) {
      ASSERT_EQ(fired, std::vector<Eigen::Index>{best});
      EXPECT_NEAR(net.energy() - before, change, 1e-14);
      ++spikes;
    } else {
      EXPECT_TRUE(fired.empty());
      ++silent;
    }
  }
  EXPECT_GT(spikes, 20);
  EXPECT_GT(silent, 5);
}

TEST(SpikingAutoencoderReference, DrainingEndsWhereNoSpikeLowersTheEnergy) {
  std::size_t most = 0;
  for (unsigned seed = 100; seed < 150; ++seed) {
    auto net = random_network(seed);
    most = std::max(most, net.fire(policy::drain).size());
    for (Eigen::Index i = 0; i < 7; ++i) EXPECT_GE(net.energy_change(i), -1e-15L);
  }
  EXPECT_GT(most, 2U);
}

// Voltages computed from the read-out, fed back to neurons without couplings, and carried by couplings.
class SpikingAutoencoderReferenceForms : public testing::TestWithParam<policy> {};

TEST_P(SpikingAutoencoderReferenceForms, SpikeAlike) {
  const constants<double> c{.linear_cost = 0.01, .quadratic_cost = 0.02};
  network<double> functional(circle(20), form::functional, c), feedback(circle(20), form::feedback, c),
      recurrent(circle(20), form::recurrent, c);
  smooth_signal signal(63, 2, 2, c);
  std::size_t spikes = 0;
  double worst = 0;
  for (int step = 0; step < 20000; ++step) {
    const auto& s = signal.next();
    functional.advance(s);
    feedback.advance(s);
    recurrent.advance(s);
    const auto fired = functional.fire(GetParam());
    ASSERT_EQ(feedback.fire(GetParam()), fired) << step;
    ASSERT_EQ(recurrent.fire(GetParam()), fired) << step;
    worst = std::max({worst, (feedback.V - functional.V).cwiseAbs().maxCoeff(),
                      (recurrent.V - recurrent.implied_voltage()).cwiseAbs().maxCoeff()});
    spikes += fired.size();
  }
  EXPECT_LT(worst, 1e-12);
  EXPECT_GT(spikes, 100U);
}

INSTANTIATE_TEST_SUITE_P(Policies, SpikingAutoencoderReferenceForms,
                         testing::Values(policy::one_winner, policy::drain));

// The learning step is a gradient step on sum_i (V_i + beta W_ik)^2 / (2 beta), V as before the spike.
TEST(SpikingAutoencoderReferenceLearning, RegressesTheVoltagesOnTheSpikingNeuron) {
  auto net = random_network(64, form::recurrent);
  net.W = source(65)(7, 7);
  net.V(4) = net.threshold(4) + 10;
  const auto old = net;
  matrix<real> W = net.W;
  const voltage_rule<real> rule{0.3L, 0.52L};
  const auto loss = [&] { return (old.V + rule.beta * W.col(4)).squaredNorm() / (2 * rule.beta); };
  ASSERT_EQ(net.fire(policy::one_winner, column<real>::Zero(7), &rule), std::vector<Eigen::Index>{4});
  const matrix<real> gradient = (old.W - net.W) / rule.rate;
  EXPECT_LT(worst_difference(W, gradient, loss), difference_tolerance);
  EXPECT_LT((net.V - old.V - old.W.col(4)).cwiseAbs().maxCoeff(), 1e-17L);
}

TEST(SpikingAutoencoderReferenceLearning, LeavesTheCouplingsAtTheVoltagesTheyPredict) {
  auto net = random_network(66, form::recurrent);
  const voltage_rule<real> rule{0.3L, 0.6L};
  net.V(2) = net.threshold(2) + 10;
  net.W.col(2) = -net.V / rule.beta;
  const matrix<real> W = net.W;
  net.fire(policy::one_winner, column<real>::Zero(7), &rule);
  EXPECT_LT((net.W - W).cwiseAbs().maxCoeff(), 1e-17L);
}

double median(std::vector<double> x) {
  std::sort(x.begin(), x.end());
  return x[x.size() / 2];
}

// 20 neurons, 2 signals, beta 0.52. Distances of an independent program with a signal of its own: 0.11 after
// 4 s and 0.030 after 16 s; within a factor 2.
TEST(SpikingAutoencoderReferenceLearning, ApproachesTheOptimalCouplings) {
  std::vector<double> after_4, after_16;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    fast_learning learning(seed);
    EXPECT_GT(learning.fit().distance, 0.9);
    learning.run(4);
    after_4.push_back(learning.fit().distance);
    learning.run(16);
    after_16.push_back(learning.fit().distance);
  }
  EXPECT_GT(median(after_4), 0.055);
  EXPECT_LT(median(after_4), 0.22);
  EXPECT_GT(median(after_16), 0.015);
  EXPECT_LT(median(after_16), 0.060);
}

// W = -F F' / (2 beta) is where learning rests: scale 0.962 for beta 0.52 and 0.833 for 0.6. The read-out F'
// r of the first then has error 0.016 (independent program, within a factor 1.5).
TEST(SpikingAutoencoderReferenceLearning, RestsAtTheOptimumOverTwiceBeta) {
  for (const double beta : {0.52, 0.6}) {
    fast_learning learning(4, {.rule = {0.01, beta}});
    learning.net.W = learning.net.optimal_couplings() / (2 * beta);
    learning.run(4);
    const auto error = learning.run(20);
    EXPECT_NEAR(learning.fit().scale, 1 / (2 * beta), 0.03 / (2 * beta));
    EXPECT_LT(learning.fit().distance, 1e-3);
    if (beta == 0.52) {
      EXPECT_GT(error.value(), 0.016 / 1.5);
      EXPECT_LT(error.value(), 0.016 * 1.5);
    }
  }
}

TEST(SpikingAutoencoderReferenceMeasures, CouplingsAreComparedUpToAScale) {
  const matrix<real> W = source(67)(5, 5);
  EXPECT_NEAR(compare<real>(0.7L * W, W).scale, 0.7, 1e-14);
  EXPECT_NEAR(compare<real>(0.7L * W, W).distance, 0, 1e-14);
  matrix<real> orthogonal = W;
  orthogonal.col(0) *= -W.rightCols(4).squaredNorm() / W.col(0).squaredNorm();
  EXPECT_NEAR(compare(orthogonal, W).distance, 1, 1e-14);
}

TEST(SpikingAutoencoderReferenceMeasures, DecoderErrorIsAVarianceRatio) {
  const matrix<real> x = source(68)(50, 2), d = x + source(69)(50, 2, 0.3L);
  decoder_error<real> error;
  for (Eigen::Index t = 0; t < 50; ++t) error.add(x.row(t).transpose(), d.row(t).transpose());
  const auto variance = [](matrix<real> y) {
    y.rowwise() -= y.colwise().mean().eval();
    return y.squaredNorm() / 50;
  };
  EXPECT_NEAR(error.value(), variance(x - d) / variance(x), 1e-14);
  real factor = error.best_factor();
  EXPECT_NEAR(central_difference(factor, [&] { return error.value(factor); }), 0, difference_tolerance);
  EXPECT_NEAR(error.value(factor), variance(x - factor * d) / variance(x), 1e-14);
}

// The signal is scaled by its own impulse response; 200 s of it hold about 5000 independent values.
TEST(SpikingAutoencoderReferenceSignal, HasTheStandardDeviationAskedFor) {
  const constants<double> c{};
  smooth_signal signal(70, 2, 2, c);
  column<double> x = column<double>::Zero(2);
  double power = 0;
  constexpr int steps = 2000000;
  for (int step = 0; step < steps; ++step) {
    x = (1 - c.leak * c.step) * x + c.step * signal.next();
    power += x.squaredNorm();
  }
  EXPECT_NEAR(std::sqrt(power / steps / 2), 2, 0.1);
}

TEST(SpikingAutoencoderReferenceErrors, NameWhatIsWrong) {
  const auto message = [](auto call) -> std::string {
    try {
      call();
    } catch (const std::exception& e) {
      return e.what();
    }
    return "";
  };
  network<double> net(circle(4));
  EXPECT_EQ(message([&] { net.advance(column<double>::Zero(3)); }),
            "spiking_autoencoder: numbers in the input: expected 2, found 3");
  EXPECT_EQ(message([&] { net.fire(policy::drain, column<double>::Zero(3)); }),
            "spiking_autoencoder: numbers in the threshold noise: expected 4, found 3");
  network<double> unlearnable(circle(4), form::feedback);
  const voltage_rule<double> rule{0.1, 0.5};
  EXPECT_EQ(message([&] { unlearnable.fire(policy::drain, column<double>::Zero(4), &rule); }),
            "spiking_autoencoder: only the recurrent form has couplings to learn");
  EXPECT_EQ(message([] { network<double>(matrix<double>(0, 2)); }),
            "spiking_autoencoder: the weights are empty");
  net.W.setZero();
  net.V(3) = 10;
  EXPECT_EQ(
      message([&] { net.fire(policy::drain); }),
      "spiking_autoencoder: more than 1000 spikes per neuron in one step: the couplings of neuron 3 excite");
}

}  // namespace
}  // namespace freefall::by_hand::spiking_autoencoder

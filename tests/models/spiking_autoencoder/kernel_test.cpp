// Generated kernels of the spiking autoencoder against the hand-written network under the same noise.

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "models/spiking_autoencoder/learning.hpp"

namespace freefall {
namespace {

namespace hand = by_hand::spiking_autoencoder;
using models::spiking_autoencoder::settings;
using models::spiking_autoencoder::simulation;

// The first neuron that fires in each step, or -1.
template <class Tick>
std::vector<int> train(Tick&& tick, simulation& s, int steps) {
  std::vector<int> out;
  for (int t = 0; t < steps; ++t) {
    s.step([&] { tick(s.net); });
    out.push_back(s.net.r_gain() > 0 ? int(s.net.r_winner()) : -1);
  }
  return out;
}

// With noise of threshold and voltage, half a second: the neurons that read the error and the network that
// needs no error fire at the same times.
TEST(SpikingAutoencoder, FeedbackAndRecurrentFormFireAlike) {
  simulation a(3), b(3);
  a.net.mu() = b.net.mu() = 0.01;
  const auto feedback = train([](auto& net) { net.step_feedback(); }, a, 5000);
  const auto recurrent = train([](auto& net) { net.step_recurrent(); }, b, 5000);
  EXPECT_EQ(feedback, recurrent);
  EXPECT_GT(std::count_if(feedback.begin(), feedback.end(), [](int k) { return k >= 0; }), 20);
  EXPECT_LT((a.net.r() - b.net.r()).cwiseAbs().maxCoeff(), 1e-12);
}

// Coarse steps, so that several fire in one: the drained forms count the same spikes, and more than one a
// step.
TEST(SpikingAutoencoder, DrainedFormsFireAlike) {
  simulation a(4), b(4);
  double most = 0;
  for (int t = 0; t < 400; ++t) {
    for (simulation* s : {&a, &b}) {
      s->net.leak() = 0.1;
      s->net.mu() = 0.01;
      s->net.nu().setConstant(0.001 * (t % 7));
      s->net.u() = 200 * settings.c.step * s->signal.next();
    }
    const double before = 0.9 * a.net.r().sum();
    a.net.drain_feedback();
    b.net.drain_recurrent();
    most = std::max(most, a.net.r().sum() - before);
    ASSERT_LT((a.net.r() - b.net.r()).cwiseAbs().maxCoeff(), 1e-12) << t;
  }
  EXPECT_GT(most, 1.5);
}

// 0.5 s of learning: the same spikes, voltages and couplings as by hand, to rounding.
TEST(SpikingAutoencoder, LearnsLikeTheHandWrittenNetwork) {
  simulation s(1);
  hand::fast_learning by_hand(1);
  for (int t = 1; t <= 5000; ++t) {
    s.step([&] { s.net.learn(); });
    by_hand.run(t * settings.c.step);
    ASSERT_LT((s.net.V_learned() - by_hand.net.V).cwiseAbs().maxCoeff(), 1e-9) << t;
    ASSERT_LT((s.net.W() - by_hand.net.W).cwiseAbs().maxCoeff(), 1e-9) << t;
  }
  EXPECT_GT(by_hand.spikes, 20);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Medians over 5 seeds at 4, 16 and 64 s, each within a factor 2 of 0.11, 0.030 and 0.0037, measured with an
// independent program (20 neurons, 2 signals, lambda = 50/s, dt = 0.1 ms, eta = 0.01).
TEST(SpikingAutoencoder, LearningApproachesTheOptimum) {
  const std::vector<std::pair<std::uint64_t, double>> measured = {{4, 0.11}, {16, 0.030}, {64, 0.0037}};
  std::vector<std::vector<double>> distance(measured.size());
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    simulation s(seed);
    for (std::size_t k = 0; k < measured.size(); ++k) {
      s.learn_until(measured[k].first);
      distance[k].push_back(s.fit().distance);
    }
  }
  for (std::size_t k = 0; k < measured.size(); ++k) {
    const auto [seconds, expected] = measured[k];
    RecordProperty("distance_" + std::to_string(seconds) + "s", std::to_string(median(distance[k])));
    EXPECT_GT(median(distance[k]), expected / 2) << seconds;
    EXPECT_LT(median(distance[k]), expected * 2) << seconds;
  }
}

// At threshold E[x - D r | spike of k] = D_k / 2, so the rule rests where W = -D^T D / (2 beta): 0.9615 of
// the optimum for beta = 0.52. The independent program found 0.957, and the read-out error 0.016 of D over
// what follows; here after 256 s, medians over 3 seeds, within 0.01 and a factor 1.5.
TEST(SpikingAutoencoder, LearningRestsAtTheFixedPointOfTheRule) {
  std::vector<double> scale, error;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    simulation s(seed);
    s.learn_until(256);
    scale.push_back(s.fit().scale);
    error.push_back(s.read_out_error(4));
  }
  RecordProperty("scale_256s", std::to_string(median(scale)));
  RecordProperty("read_out_error", std::to_string(median(error)));
  EXPECT_NEAR(median(scale), 1 / (2 * settings.rule.beta), 0.01);
  EXPECT_GT(median(error), 0.016 / 1.5);
  EXPECT_LT(median(error), 0.016 * 1.5);
}

}  // namespace
}  // namespace freefall

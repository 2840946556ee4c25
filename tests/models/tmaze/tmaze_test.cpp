// The maze's kernels: expected free energies and choices to the printed values, and episodes.

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <array>
#include <cmath>
#include <freefall/runtime/random.hpp>

#include "models/tmaze/reference.hpp"
#include "tmaze_views.hpp"

namespace freefall {
namespace {

enum place : std::size_t { centre, left, right, cue };

// In the arm that fits the context a win has probability 0.98, in the other 0.02.
double reward_table(std::size_t reward, std::size_t at, std::size_t context) {
  if (at == centre || at == cue) return reward == 0 ? 1 : 0;
  const bool fits = (at == left) == (context == 0);
  return reward == 0 ? 0 : (reward == 1) == fits ? 0.98 : 0.02;
}
double cue_table(std::size_t shown, std::size_t at, std::size_t context) {
  return at == cue ? shown == context : 0.5;
}

struct agent {
  tmaze::instance kernels;
  agent(double gamma, const std::array<double, 3>& log_preference) {
    for (std::size_t i = 0; i < 4; ++i) {
      kernels.L().data()[5 * i] = 1;
      for (std::size_t j = 0; j < 4; ++j) kernels.B_array().data()[(4 * i + j) * 4 + i] = 1;  // u leads to u
      for (std::size_t c = 0; c < 2; ++c) {
        for (std::size_t r = 0; r < 3; ++r)
          kernels.R_array().data()[(4 * r + i) * 2 + c] = reward_table(r, i, c);
        for (std::size_t k = 0; k < 2; ++k)
          kernels.K_array().data()[(4 * k + i) * 2 + c] = cue_table(k, i, c);
      }
    }
    double sum = 0;
    for (const double p : log_preference) sum += std::exp(p);
    for (std::size_t r = 0; r < 3; ++r) kernels.wanted().data()[r] = std::exp(log_preference[r]) / sum;
    for (std::size_t policy = 0; policy < 16; ++policy) {
      kernels.a1().data()[4 * policy + policy / 4] = 1;
      kernels.a2().data()[4 * policy + policy % 4] = 1;
    }
    kernels.gamma() = gamma;
    kernels.s().data()[centre] = 1;
    believe(0.5);
  }
  void believe(double first) {
    kernels.c().data()[0] = first;
    kernels.c().data()[1] = 1 - first;
  }
  double near(std::size_t first) { return kernels.G_near().data()[4 * first]; }
  double two(std::size_t first, std::size_t second) { return kernels.G().data()[4 * first + second]; }
  // Moves, sees, and updates the belief of place and context.
  void perceive(std::size_t move, std::size_t reward, std::size_t shown) {
    for (std::size_t i = 0; i < 4; ++i) {
      kernels.before().data()[i] = kernels.s().data()[i];
      kernels.a().data()[i] = kernels.w().data()[i] = i == move;
    }
    for (std::size_t r = 0; r < 3; ++r) kernels.r().data()[r] = r == reward;
    for (std::size_t k = 0; k < 2; ++k) {
      kernels.k().data()[k] = k == shown;
      kernels.belief().data()[k] = kernels.c().data()[k];
    }
    kernels.perceive();
  }
};

// The printed values have 6 digits.
constexpr double kPrinted = 1e-6;

TEST(Tmaze, ScoresPlacesByRiskAndAmbiguity) {
  agent a(1, {0, 3, -3});
  a.kernels.plan();
  EXPECT_NEAR(a.near(centre), 5.130387, kPrinted);
  EXPECT_NEAR(a.near(left), 4.535279, kPrinted);
  EXPECT_NEAR(a.near(right), 4.535279, kPrinted);
  EXPECT_NEAR(a.near(cue), 4.437240, kPrinted);
  EXPECT_NEAR(a.two(cue, left), 8.972519, kPrinted);
  EXPECT_NEAR(a.two(left, left), 9.070558, kPrinted);
  EXPECT_NEAR(a.two(centre, centre), 10.260775, kPrinted);
  EXPECT_NEAR(a.two(cue, cue), 8.874480, kPrinted);
}

TEST(Tmaze, ChoosesByTheSoftmaxOfPolicies) {
  const auto first = [](double gamma, const std::array<double, 3>& preference) {
    agent a(gamma, preference);
    a.kernels.plan();
    std::array<double, 4> out{};
    for (std::size_t u = 0; u < 4; ++u) out[u] = a.kernels.first_action().data()[u];
    return out;
  };
  const auto mild = first(1, {0, 3, -3}), sharp = first(16, {0, 3, -3}), averse = first(16, {0, 2, -6});
  // G adds up over the moves, so the marginal of the first is the softmax of -G of one step: weights 1, e^IG
  // of an arm, and 2 for the cue.
  const double arm = std::exp(0.595108), sum = 1 + 2 * arm + 2;
  EXPECT_NEAR(mild[centre], 1 / sum, kPrinted);
  EXPECT_NEAR(mild[left], arm / sum, kPrinted);
  EXPECT_NEAR(mild[right], arm / sum, kPrinted);
  EXPECT_NEAR(mild[cue], 2 / sum, kPrinted);
  EXPECT_NEAR(sharp[centre], 1.1e-5, 5e-7);
  EXPECT_NEAR(sharp[left], 0.14706, 5e-6);  // five digits are printed
  EXPECT_NEAR(sharp[cue], 0.70588, 5e-6);
  EXPECT_NEAR(averse[cue], 0.99999, 1e-5);
}

// All policies, from every place and several beliefs about the context, against the hand-written planner,
// which knows the joint of place and context and enumerates joint outcomes.
TEST(Tmaze, ScoresAllPoliciesLikeTheHandWrittenPlanner) {
  const Eigen::Vector3d preference(0, 3, -3);
  const auto hand = reference::tmaze::make_tmaze(preference);
  const reference::tmaze::planner<double> planner(hand);
  for (std::size_t at = 0; at < 4; ++at) {
    for (const double first : {0.5, 0.3, 0.98, 1.0}) {
      agent a(2, {0, 3, -3});
      for (std::size_t i = 0; i < 4; ++i) a.kernels.s().data()[i] = i == at;
      a.believe(first);
      a.kernels.plan();
      const Eigen::VectorXd s =
          hand.product({Eigen::VectorXd::Unit(4, Eigen::Index(at)), Eigen::Vector2d(first, 1 - first)});
      const Eigen::VectorXd costs = planner.expected_free_energies(s, 2),
                            chosen = planner.first_action(costs, 2);
      for (Eigen::Index policy = 0; policy < 16; ++policy)
        EXPECT_NEAR(a.kernels.G().data()[policy], costs(policy), 1e-13)
            << at << ' ' << first << ' ' << policy;
      for (Eigen::Index u = 0; u < 4; ++u) EXPECT_NEAR(a.kernels.first_action().data()[u], chosen(u), 1e-13);
    }
  }
}

TEST(Tmaze, IsAfraidOfLossesWhereTheyWeighMore) {
  agent a(16, {0, 2, -6});
  a.kernels.plan();
  EXPECT_NEAR(a.near(centre), 4.206665, kPrinted);
  EXPECT_NEAR(a.near(left), 5.611557, kPrinted);
  EXPECT_NEAR(a.near(cue), 3.513518, kPrinted);
}

TEST(Tmaze, KnowsTheContextAfterTheCue) {
  agent a(16, {0, 3, -3});
  a.perceive(cue, 0, 0);
  EXPECT_NEAR(a.kernels.c().data()[0], 1, 1e-14);
  EXPECT_NEAR(a.kernels.s().data()[cue], 1, 1e-14);
  a.kernels.plan();
  EXPECT_NEAR(a.near(left), 2.250387, kPrinted);
  EXPECT_NEAR(a.near(right), 8.010387, kPrinted);
}

// Cue first, then the arm it names; 2000 episodes of two moves. Wins have probability 0.98, standard
// deviation sqrt(0.98 0.02 / 2000) = 0.0031; four of them are allowed.
TEST(Tmaze, VisitsTheCueThenTheArm) {
  const runtime::stream draws(1, "episodes");
  std::uint64_t next = 0;
  int wins = 0;
  constexpr int kEpisodes = 2000;
  const auto largest = [](agent& a) {
    std::size_t best = 0;
    for (std::size_t u = 1; u < 4; ++u)
      if (a.kernels.first_action().data()[u] > a.kernels.first_action().data()[best]) best = u;
    return best;
  };
  for (int episode = 0; episode < kEpisodes; ++episode) {
    agent a(16, {0, 3, -3});
    const std::size_t context = draws.uniform(next++) < 0.5 ? 0 : 1;
    a.kernels.plan();
    ASSERT_EQ(largest(a), cue);
    a.perceive(cue, 0, context);
    a.kernels.plan();
    const std::size_t arm = largest(a);
    ASSERT_EQ(arm, context == 0 ? left : right);
    wins += draws.uniform(next++) < reward_table(1, arm, context);
  }
  EXPECT_NEAR(wins / double(kEpisodes), 0.98, 4 * 0.0031);
}

}  // namespace
}  // namespace freefall

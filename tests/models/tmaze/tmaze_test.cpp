// The maze's kernels: expected free energies and choices to the printed values, Bayes' rule, trials,
// learning.

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <array>
#include <cmath>

#include "models/tmaze/agent.hpp"
#include "models/tmaze/reference.hpp"
#include "tmaze_learning_views.hpp"
#include "tmaze_views.hpp"

namespace freefall {
namespace {

using namespace models::tmaze;
using known_agent = agent<tmaze::instance>;

// The printed values have 6 digits.
constexpr double kPrinted = 1e-6;

TEST(Tmaze, ScoresPlacesByRiskAndAmbiguity) {
  known_agent a(1, {0, 3, -3});
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
  const auto first = [](double gamma, const preference& wanted) {
    known_agent a(gamma, wanted);
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
  const auto hand = by_hand::tmaze::make_tmaze(Eigen::Vector3d(0, 3, -3));
  const by_hand::tmaze::planner<double> planner(hand);
  for (std::size_t at = 0; at < 4; ++at) {
    for (const double first : {0.5, 0.3, 0.98, 1.0}) {
      known_agent a(2, {0, 3, -3});
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
  known_agent a(16, {0, 2, -6});
  a.kernels.plan();
  EXPECT_NEAR(a.near(centre), 4.206665, kPrinted);
  EXPECT_NEAR(a.near(left), 5.611557, kPrinted);
  EXPECT_NEAR(a.near(cue), 3.513518, kPrinted);
}

TEST(Tmaze, KnowsTheContextAfterTheCue) {
  known_agent a(16, {0, 3, -3});
  a.move_to(cue);
  a.perceive(cue, nothing, 0);
  EXPECT_NEAR(a.kernels.c().data()[0], 1, 1e-14);
  EXPECT_NEAR(a.kernels.s().data()[cue], 1, 1e-14);
  a.kernels.plan();
  EXPECT_NEAR(a.near(left), 2.250387, kPrinted);
  EXPECT_NEAR(a.near(right), 8.010387, kPrinted);
}

// Bayes' rule over whole states after every move and outcome of random walks; and F = -ln p(o).
TEST(Tmaze, PerceivesByBayesRule) {
  const auto hand = by_hand::tmaze::make_tmaze(Eigen::Vector3d(0, 3, -3));
  world maze(5);
  const runtime::stream moves(6, "moves");
  std::uint64_t next = 0;
  for (int episode = 0; episode < 50; ++episode) {
    known_agent a(1, {0, 3, -3});
    maze.begin();
    Eigen::VectorXd prior = hand.product(hand.D);
    for (int move = 0; move < 4; ++move) {
      const auto at = static_cast<std::size_t>(4 * moves.uniform(next++));
      const world::outcome seen = maze.visit(at);
      a.move_to(at);
      a.perceive(at, seen.reward, seen.cue);
      const auto bayes = by_hand::tmaze::perceive<double>(
          hand.log_likelihood({Eigen::Index(at), Eigen::Index(seen.reward), Eigen::Index(seen.cue)}),
          hand.transition(Eigen::Index(at)) * prior);
      prior = bayes.belief;
      const auto marginals = hand.marginals(bayes.belief);
      for (std::size_t i = 0; i < 4; ++i)
        EXPECT_NEAR(a.kernels.s().data()[i], marginals[0](Eigen::Index(i)), 1e-12);
      for (std::size_t c = 0; c < 2; ++c)
        EXPECT_NEAR(a.kernels.c().data()[c], marginals[1](Eigen::Index(c)), 1e-12);
      EXPECT_NEAR(a.kernels.free_energy(), bayes.free_energy, 1e-12);
    }
  }
}

// Cue first, then the arm it names; 2000 trials of two moves. Wins have probability 0.98, standard deviation
// sqrt(0.98 0.02 / 2000) = 0.0031; four of them are allowed.
TEST(Tmaze, VisitsTheCueThenTheArm) {
  for (const preference& wanted : {preference{0, 3, -3}, preference{0, 2, -6}}) {
    known_agent a(16, wanted);
    world maze(1);
    int wins = 0;
    constexpr int kTrials = 2000;
    for (int n = 0; n < kTrials; ++n) {
      const trial t = run(a, maze);
      ASSERT_EQ(t.visited[0], cue);
      ASSERT_TRUE(t.fits);
      wins += t.won;
    }
    EXPECT_NEAR(wins / double(kTrials), 0.98, 4 * 0.0031);
  }
}

// Drawn actions have the probabilities of the posterior over first moves: 4000 draws, four standard
// deviations.
TEST(Tmaze, DrawsActionsFromThePosterior) {
  known_agent a(1, {0, 3, -3});
  a.kernels.plan();
  std::array<double, 4> counts{};
  constexpr double kDraws = 4000;
  for (int n = 0; n < static_cast<int>(kDraws); ++n) {
    a.kernels.sample();
    double sum = 0;
    for (std::size_t u = 0; u < 4; ++u) sum += a.kernels.a().data()[u];
    ASSERT_EQ(sum, 1);
    counts[a.chosen()] += 1;
  }
  for (std::size_t u = 0; u < 4; ++u) {
    const double p = a.kernels.first_action().data()[u];
    EXPECT_NEAR(counts[u] / kDraws, p, 4 * std::sqrt(p * (1 - p) / kDraws)) << u;
  }
}

TEST(Tmaze, DrawsTheSameActionsForTheSameSeed) {
  const auto actions = [](std::uint64_t seed) {
    known_agent a(1, {0, 3, -3});
    a.kernels.draw_seed = seed;
    std::vector<std::size_t> out;
    for (int n = 0; n < 50; ++n) {
      a.kernels.sample();
      out.push_back(a.chosen());
    }
    return out;
  };
  EXPECT_EQ(actions(3), actions(3));
  EXPECT_NE(actions(3), actions(4));
}

TEST(Tmaze, RefusesOutcomesThatAreNoIndex) {
  for (const double wrong : {4.0, -1.0, 0.5}) {
    known_agent a(1, {0, 3, -3});
    a.kernels.w() = wrong;
    try {
      a.kernels.perceive();
      FAIL() << wrong;
    } catch (const runtime::kernel_error& e) {
      EXPECT_EQ(e.reason().what, runtime::fault::not_an_index);
      EXPECT_STREQ(e.reason().tensor, "w");
    }
  }
}

// Among equals the first: the arms have the same G, so without the cue the left one is taken. A habit decides
// otherwise.
TEST(Tmaze, TakesTheFirstAmongEqualsUnlessAHabitDecides) {
  known_agent a(1, {0, 3, -3});
  double* habit = a.kernels.habit().data();
  for (std::size_t policy = 0; policy < 16; ++policy)
    habit[policy] = policy / 4 == left || policy / 4 == right;
  a.kernels.plan();
  EXPECT_EQ(a.chosen(), left);
  for (std::size_t policy = 0; policy < 16; ++policy) habit[policy] = policy / 4 == right ? 2 : 1;
  a.kernels.plan();
  EXPECT_EQ(a.chosen(), right);
  // q(pi) = softmax(ln E - gamma G): twice the odds.
  const double odds = a.kernels.first_action().data()[right] / a.kernels.first_action().data()[left];
  EXPECT_NEAR(odds, 2, 1e-12);
}

// ---- an agent that learns the rewards

using learner = agent<tmaze_learning::instance>;

// With counts 10^9 times the table nothing is left to learn, and the numbers are those of the known maze.
TEST(TmazeLearning, WithManyCountsPlansLikeAnAgentThatKnows) {
  learner a(16, {0, 3, -3}, 1e9, 1e-3);
  known_agent b(16, {0, 3, -3});
  a.kernels.plan();
  b.kernels.plan();
  for (std::size_t first = 0; first < 4; ++first)
    for (std::size_t second = 0; second < 4; ++second)
      EXPECT_NEAR(a.two(first, second), b.two(first, second), 1e-6);
}

// G falls by what an outcome teaches about the table, the expected divergence of the counts after one more
// from those before, by its closed form in the hand-written reference.
TEST(TmazeLearning, IsDrawnToWhatItDoesNotKnow) {
  learner a(16, {0, 0, 0}, 3, 0.5);
  a.kernels.plan();
  const double* counts = a.kernels.R_concentration_array().data();
  for (std::size_t first = 0; first < 4; ++first) {
    double novelty = 0, risk_and_ambiguity = 0;
    Eigen::Vector3d predicted = Eigen::Vector3d::Zero();
    for (std::size_t c = 0; c < 2; ++c) {
      Eigen::VectorXd column(3);
      for (std::size_t r = 0; r < 3; ++r) column(Eigen::Index(r)) = counts[(4 * r + first) * 2 + c];
      const Eigen::VectorXd mean = column / column.sum();
      predicted += 0.5 * mean;
      risk_and_ambiguity += 0.5 * by_hand::entropy<double>(mean);
      for (Eigen::Index r = 0; r < 3; ++r)
        novelty += 0.5 * mean(r) * by_hand::dirichlet_one_count<double>(column, r);
    }
    risk_and_ambiguity += by_hand::divergence<double>(predicted, Eigen::Vector3d::Constant(1.0 / 3));
    // The place is known and wanted as flat as any: ln 4. The cue is a coin except at the cue, where it
    // tells: ln 2 each of risk or ambiguity, flat.
    risk_and_ambiguity += std::log(4.0) + (first == cue ? 0 : std::log(2.0));
    EXPECT_GT(novelty, 0);
    EXPECT_NEAR(a.near(first), risk_and_ambiguity - novelty, 1e-12) << first;
  }
}

// After a trial the counts are those of the prior and of what was seen, weighted by the beliefs of that time.
TEST(TmazeLearning, CountsWhatItSees) {
  learner a(16, {0, 3, -3}, 0, 0.25);
  a.move_to(cue);
  a.perceive(cue, nothing, 1);
  a.kernels.learn();
  a.move_to(right);
  a.perceive(right, win, 0);
  a.kernels.learn();
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t i = 0; i < 4; ++i)
      for (std::size_t c = 0; c < 2; ++c) {
        const double seen = c == 1 && ((r == nothing && i == cue) || (r == win && i == right)) ? 1 : 0;
        EXPECT_NEAR(a.kernels.R_concentration_array().data()[(4 * r + i) * 2 + c], 0.25 + seen, 1e-12)
            << r << ' ' << i << ' ' << c;
      }
}

// From a quarter of a count of everything. What reward there is at the cue is not known either, so the agent
// reads the context from the reward of an arm, and then goes to the right one: by chance, half of 200 trials
// would end there.
TEST(TmazeLearning, LearnsWhereTheRewardIs) {
  learner a(16, {0, 3, -3}, 0, 0.25);
  world maze(2);
  for (int n = 0; n < 200; ++n) run(a, maze);
  int fits = 0;
  for (int n = 0; n < 200; ++n) fits += run(a, maze).fits;
  EXPECT_GT(fits, 180);
}

}  // namespace
}  // namespace freefall

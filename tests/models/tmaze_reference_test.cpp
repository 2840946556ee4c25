#include "models/tmaze/reference.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "central_difference.hpp"
#include "models/reference/functionals.hpp"
#include "models/tmaze/learning.hpp"

namespace freefall::by_hand::tmaze {
namespace {

column<real> random_distribution(source& draw, Eigen::Index n) { return softmax<real>(draw(n, 1, 1.5L)); }
matrix<real> random_conditional(source& draw, Eigen::Index rows, Eigen::Index columns) {
  matrix<real> p(rows, columns);
  for (Eigen::Index x = 0; x < columns; ++x) p.col(x) = random_distribution(draw, rows);
  return p;
}

// Factors of 3, 2 and 2 values, modalities of 4 and 3, two actions.
model<real> random_model(unsigned seed) {
  source draw(seed);
  model<real> p;
  p.sizes = {3, 2, 2};
  p.A = {random_conditional(draw, 4, 12), random_conditional(draw, 3, 12)};
  p.C = {random_distribution(draw, 4), random_distribution(draw, 3)};
  for (const Eigen::Index n : p.sizes) {
    p.D.push_back(random_distribution(draw, n));
    p.B.push_back({random_conditional(draw, n, n), random_conditional(draw, n, n)});
  }
  return p;
}

// ---- perception

TEST(TmazeReferencePerception, IsBayesRuleAndItsFreeEnergyTheSurprise) {
  const auto p = random_model(81);
  const column<real> prior = p.product(p.D);
  for (Eigen::Index o0 = 0; o0 < 4; ++o0)
    for (Eigen::Index o1 = 0; o1 < 3; ++o1) {
      const auto found = perceive(p.log_likelihood({o0, o1}), prior);
      column<real> joint(12);
      for (Eigen::Index x = 0; x < 12; ++x) joint(x) = p.A[0](o0, x) * p.A[1](o1, x) * prior(x);
      EXPECT_LT((found.belief - joint / joint.sum()).cwiseAbs().maxCoeff(), 1e-17L);
      EXPECT_NEAR(found.free_energy, -std::log(joint.sum()), 1e-14);
    }
}

TEST(TmazeReferencePerception, BeliefIsStationaryInItsLogits) {
  const auto p = random_model(82);
  const column<real> prior = p.product(p.D).array().log(), likelihood = p.log_likelihood({2, 1});
  const auto found = perceive(likelihood, p.product(p.D));
  column<real> logits = found.belief.array().log();
  EXPECT_LT(worst_difference(logits, column<real>(column<real>::Zero(12)),
                             [&] { return free_energy<real>(softmax(logits), likelihood, prior); }),
            difference_tolerance);
}

// The filter over three steps against the sum over all paths of states.
TEST(TmazeReferencePerception, FollowsTheForwardFilter) {
  const auto p = random_model(83);
  const std::array<std::vector<Eigen::Index>, 3> seen{{{0, 2}, {3, 0}, {1, 1}}};
  const std::array<Eigen::Index, 2> action{1, 0};
  column<real> prior = p.product(p.D), belief;
  real surprise = 0;
  for (std::size_t t = 0; t < 3; ++t) {
    const auto found = perceive(p.log_likelihood(seen[t]), prior);
    belief = found.belief;
    surprise += found.free_energy;
    if (t < 2) prior = p.transition(action[t]) * belief;
  }
  column<real> paths = column<real>::Zero(12);
  const column<real> start = p.product(p.D);
  const auto emit = [&](std::size_t t, Eigen::Index x) {
    return p.A[0](seen[t][0], x) * p.A[1](seen[t][1], x);
  };
  const matrix<real> first = p.transition(action[0]), second = p.transition(action[1]);
  for (Eigen::Index x = 0; x < 12; ++x)
    for (Eigen::Index y = 0; y < 12; ++y)
      for (Eigen::Index z = 0; z < 12; ++z)
        paths(z) += start(x) * emit(0, x) * first(y, x) * emit(1, y) * second(z, y) * emit(2, z);
  EXPECT_LT((belief - paths / paths.sum()).cwiseAbs().maxCoeff(), 1e-17L);
  EXPECT_NEAR(surprise, -std::log(paths.sum()), 1e-14);
}

TEST(TmazeReferencePerception, TransitionOfTheWholeMovesEachFactorByItsOwn) {
  const auto p = random_model(84);
  for (Eigen::Index u = 0; u < 2; ++u) {
    std::vector<column<real>> moved;
    for (std::size_t f = 0; f < 3; ++f) moved.push_back(p.B[f][std::size_t(u)] * p.D[f]);
    EXPECT_LT((p.transition(u) * p.product(p.D) - p.product(moved)).cwiseAbs().maxCoeff(), 1e-17L);
    const auto back = p.marginals(p.product(moved));
    for (std::size_t f = 0; f < 3; ++f) EXPECT_LT((back[f] - moved[f]).cwiseAbs().maxCoeff(), 1e-17L);
  }
}

TEST(TmazeReferenceMeanField, FallsToAPointWhereEveryFactorIsStationary) {
  for (unsigned seed = 85; seed < 90; ++seed) {
    const auto p = random_model(seed);
    const column<real> likelihood = p.log_likelihood({1, 2}), log_prior = p.product(p.D).array().log();
    const auto found = perceive_factorised<real>(p, likelihood, p.D, 2000, 0);
    for (std::size_t k = 1; k < found.free_energies.size(); ++k)
      EXPECT_LE(found.free_energies[k], found.free_energies[k - 1] + 1e-17L);
    EXPECT_GE(found.free_energies.back(), perceive(likelihood, p.product(p.D)).free_energy);
    for (std::size_t f = 0; f < 3; ++f) {
      column<real> logits = found.beliefs[f].array().log();
      const auto energy = [&] {
        auto s = found.beliefs;
        s[f] = softmax(logits);
        return free_energy<real>(p.product(s), likelihood, log_prior);
      };
      EXPECT_LT(worst_difference(logits, column<real>(column<real>::Zero(logits.size())), energy),
                difference_tolerance);
    }
  }
}

// Observations that each speak of one factor leave the exact posterior a product.
TEST(TmazeReferenceMeanField, IsExactWhereTheObservationsDoNotTieTheFactors) {
  auto p = random_model(90);
  source draw(91);
  const matrix<real> of_first = random_conditional(draw, 4, 3), of_last = random_conditional(draw, 3, 2);
  for (Eigen::Index x = 0; x < 12; ++x) {
    p.A[0].col(x) = of_first.col(p.value(x, 0));
    p.A[1].col(x) = of_last.col(p.value(x, 2));
  }
  const auto exact = perceive(p.log_likelihood({3, 0}), p.product(p.D));
  const auto found = perceive_factorised<real>(p, p.log_likelihood({3, 0}), p.D, 3, 1e-15L);
  EXPECT_LT((p.product(found.beliefs) - exact.belief).cwiseAbs().maxCoeff(), 1e-17L);
  EXPECT_NEAR(found.free_energies.back(), exact.free_energy, 1e-14);
}

// Told the context at the cue, mean field needs the floor: the location, whose turn is first, is weighed over
// both contexts, one of which forbids the observation.
TEST(TmazeReferenceMeanField, NeedsAFloorWhereAFactorForbidsTheObservation) {
  const auto p = make_tmaze(column<double>::Zero(3));
  std::vector<column<double>> prior{column<double>::Unit(4, cue), column<double>::Constant(2, 0.5)};
  EXPECT_THROW(perceive_factorised(p, p.log_likelihood({cue, none, 1}), prior, 16, 1e-10), std::domain_error);
  const auto found = perceive_factorised(p, p.log_likelihood({cue, none, 1}, 1e-16), prior, 16, 1e-10);
  EXPECT_EQ(found.beliefs[0](cue), 1);
  EXPECT_NEAR(found.beliefs[1](1), 1, 1e-15);
  EXPECT_NEAR(found.free_energies.back(), std::log(2.0), 1e-14);
}

// ---- planning

TEST(TmazeReferencePlanning, ScoresAreTheFunctionalsOfTheJointOutcome) {
  const auto p = random_model(92);
  const planner<real> plan(p);
  const column<real> s = p.product(p.D), C = p.joint_preference();
  const functionals::prediction<real> q{s, p.joint_likelihood()};
  const auto cost = plan.score(s);
  EXPECT_NEAR(cost.utility, -functionals::extrinsic_value(q, C), 1e-14);
  EXPECT_NEAR(cost.information_gain, functionals::information_gain(q), 1e-14);
  EXPECT_NEAR(cost.ambiguity, functionals::ambiguity(q), 1e-14);
  EXPECT_NEAR(cost.total(), functionals::expected_free_energy(q, C, q.x_given_o()), 1e-14);
}

TEST(TmazeReferencePlanning, SharedBeginningsChangeNoCost) {
  const auto p = random_model(93);
  const planner<real> plan(p);
  const column<real> costs = plan.expected_free_energies(p.product(p.D), 3);
  ASSERT_EQ(costs.size(), 8);
  for (Eigen::Index policy = 0; policy < 8; ++policy) {
    column<real> s = p.product(p.D);
    real sum = 0;
    for (int step = 2; step >= 0; --step) {
      s = p.transition((policy >> step) & 1) * s;
      sum += plan.score(s).total();
    }
    EXPECT_NEAR(costs(policy), sum, 1e-14);
  }
}

// q(pi) minimises E_q[gamma G - ln E] - H[q].
TEST(TmazeReferencePlanning, PolicyPosteriorIsTheMinimumOfItsFreeEnergy) {
  const auto p = random_model(94);
  const planner<real> plan(p);
  const column<real> costs = plan.expected_free_energies(p.product(p.D), 2), habit = source(95)(4, 1);
  const auto objective = [&](const column<real>& logits) {
    const column<real> q = softmax(logits);
    return q.dot(real(3) * costs - habit) - entropy(q);
  };
  column<real> logits = habit - 3 * costs;
  EXPECT_LT(worst_difference(logits, column<real>(column<real>::Zero(4)), [&] { return objective(logits); }),
            difference_tolerance);
  const column<real> q = softmax(logits), first = plan.first_action(costs, 3, habit);
  EXPECT_NEAR(first(0), q(0) + q(1), 1e-15);
  EXPECT_NEAR(first(1), q(2) + q(3), 1e-15);
}

// ---- learning

counts<real> random_counts(unsigned seed) {
  source draw(seed);
  const auto positive = [&](Eigen::Index r, Eigen::Index c) {
    return matrix<real>(draw(r, c).array().abs() + 0.3L);
  };
  return {positive(4, 3), {positive(3, 3), positive(3, 3)}, positive(3, 1)};
}

chain<real> random_chain() {
  chain<real> learner(random_counts(96), {0, 3, 1, 1, 2, 0}, {0, 1, 1, 0, 1});
  source draw(97);
  for (auto& s : learner.s) s = random_distribution(draw, 3);
  learner.posterior = random_counts(98);
  return learner;
}

TEST(TmazeReferenceLearning, BeliefAndCountsAreStationaryAtTheirUpdates) {
  for (std::size_t t = 0; t < 6; ++t) {
    auto learner = random_chain();
    learner.believe(t);
    column<real> logits = learner.s[t].array().log();
    EXPECT_LT(worst_difference(logits, column<real>(column<real>::Zero(3)),
                               [&] {
                                 learner.s[t] = softmax(logits);
                                 return learner.free_energy();
                               }),
              difference_tolerance);
  }
  auto learner = random_chain();
  learner.count();
  const auto energy = [&] { return learner.free_energy(); };
  auto& q = learner.posterior;
  EXPECT_LT(worst_difference(q.a, matrix<real>(matrix<real>::Zero(4, 3)), energy), difference_tolerance);
  EXPECT_LT(worst_difference(q.b[0], matrix<real>(matrix<real>::Zero(3, 3)), energy), difference_tolerance);
  EXPECT_LT(worst_difference(q.b[1], matrix<real>(matrix<real>::Zero(3, 3)), energy), difference_tolerance);
  EXPECT_LT(worst_difference(q.d, column<real>(column<real>::Zero(3)), energy), difference_tolerance);
}

TEST(TmazeReferenceLearning, FreeEnergyNeverRises) {
  auto learner = random_chain();
  real before = learner.free_energy();
  for (int sweep = 0; sweep < 30; ++sweep) {
    for (std::size_t t = 0; t < 6; ++t) {
      learner.believe(t);
      EXPECT_LE(learner.free_energy(), before + 1e-16L);
      before = learner.free_energy();
    }
    learner.count();
    EXPECT_LE(learner.free_energy(), before + 1e-16L);
    before = learner.free_energy();
  }
}

TEST(TmazeReferenceLearning, CountsLabelledSamples) {
  const auto prior = random_counts(99);
  chain<real> learner(prior, {0, 3, 3}, {1, 0});
  const std::array<Eigen::Index, 3> label{2, 0, 0};
  for (std::size_t t = 0; t < 3; ++t) learner.s[t] = column<real>::Unit(3, label[t]);
  learner.count();
  counts<real> expected = prior;
  expected.a(0, 2) += 1;
  expected.a(3, 0) += 2;
  expected.b[1](0, 2) += 1;
  expected.b[0](0, 0) += 1;
  expected.d(2) += 1;
  EXPECT_EQ(learner.posterior.a, expected.a);
  EXPECT_EQ(learner.posterior.b, expected.b);
  EXPECT_EQ(learner.posterior.d, expected.d);
}

TEST(TmazeReferenceLearning, NoveltyIsTheExpectedDivergenceOfOneCount) {
  const auto a = random_counts(100).a;
  source draw(101);
  const auto s = random_distribution(draw, 3);
  real expected = 0;
  for (Eigen::Index x = 0; x < 3; ++x)
    for (Eigen::Index o = 0; o < 4; ++o) {
      column<real> more = a.col(x);
      more(o) += 1;
      expected += s(x) * a(o, x) / a.col(x).sum() * dirichlet_divergence<real>(more, a.col(x));
    }
  EXPECT_NEAR(novelty(a, s), expected, 1e-14);
}

// ---- the T-maze. Values of an independent computation, 6 decimals; the closed forms are
// utility = E ln C - ln 4 - ln 2, gain ln 2 - H(0.98), ambiguity ln 2 + H(0.98) in an arm.

constexpr double printed = 5.1e-7;
const column<double> mild = (column<double>(3) << 0, 3, -3).finished();
const column<double> averse = (column<double>(3) << 0, 2, -6).finished();

// The belief after the first observation, which says nothing of the context.
column<double> at_the_start(const model<double>& p) {
  return perceive(p.log_likelihood({centre, none, 0}), p.product(p.D)).belief;
}

TEST(Tmaze, OneStepCosts) {
  const auto p = make_tmaze(mild);
  const planner<double> plan(p);
  const std::array<std::array<double, 4>, 4> expected{{{-5.130387, 0, 0.693147, 5.130387},
                                                       {-5.130387, 0.595108, 0.791186, 4.535279},
                                                       {-5.130387, 0.595108, 0.791186, 4.535279},
                                                       {-5.130387, 0.693147, 0, 4.437240}}};
  for (Eigen::Index u = 0; u < 4; ++u) {
    const auto cost = plan.score(plan.predict(at_the_start(p), u));
    EXPECT_NEAR(cost.utility, expected[std::size_t(u)][0], printed);
    EXPECT_NEAR(cost.information_gain, expected[std::size_t(u)][1], printed);
    EXPECT_NEAR(cost.ambiguity, expected[std::size_t(u)][2], printed);
    EXPECT_NEAR(cost.total(), expected[std::size_t(u)][3], printed);
  }
}

TEST(Tmaze, TwoStepCosts) {
  const auto p = make_tmaze(mild);
  const planner<double> plan(p);
  const column<double> costs = plan.expected_free_energies(at_the_start(p), 2);
  ASSERT_EQ(costs.size(), 16);
  EXPECT_NEAR(costs(4 * cue + arm1), 8.972519, printed);
  EXPECT_NEAR(costs(4 * arm1 + arm1), 9.070558, printed);
  EXPECT_NEAR(costs(4 * centre + centre), 10.260775, printed);
  EXPECT_NEAR(costs(4 * cue + cue), 8.874480, printed);
}

// The context stays unknown under every open-loop policy, so the second step costs the same whatever the
// first was, and the first is chosen by its own cost: q(u) ~ exp(-gamma G_u), with G less that of the cue
// being ln 2 in the centre (where nothing is learned) and H(0.98) in an arm.
TEST(Tmaze, FirstActionsHaveTheirClosedForm) {
  const auto p = make_tmaze(mild);
  const planner<double> plan(p);
  const column<double> costs = plan.expected_free_energies(at_the_start(p), 2);
  const double surplus = -0.98 * std::log(0.98) - 0.02 * std::log(0.02);
  for (const double gamma : {1.0, 16.0}) {
    const column<double> first = plan.first_action(costs, gamma);
    const double rest = std::exp(-gamma * std::log(2)), arm = std::exp(-gamma * surplus),
                 sum = rest + 2 * arm + 1;
    EXPECT_NEAR(first(centre), rest / sum, 1e-13);
    EXPECT_NEAR(first(arm1), arm / sum, 1e-13);
    EXPECT_NEAR(first(arm2), arm / sum, 1e-13);
    EXPECT_NEAR(first(cue), 1 / sum, 1e-13);
  }
}

TEST(Tmaze, CostsOnceTheContextIsKnown) {
  const auto p = make_tmaze(mild);
  const planner<double> plan(p);
  const auto prior = plan.predict(at_the_start(p), cue);
  const auto told = perceive(p.log_likelihood({cue, none, 0}), prior);
  EXPECT_NEAR(told.free_energy, std::log(2.0), 1e-15);
  const column<double> costs = plan.expected_free_energies(told.belief, 1);
  EXPECT_NEAR(costs(arm1), 2.250387, printed);
  EXPECT_NEAR(costs(arm2), 8.010387, printed);
}

TEST(Tmaze, RiskAversionSharpensTheWishToBeTold) {
  const auto p = make_tmaze(averse);
  const planner<double> plan(p);
  const column<double> once = plan.expected_free_energies(at_the_start(p), 1);
  EXPECT_NEAR(once(centre), 4.206665, printed);
  EXPECT_NEAR(once(arm1), 5.611557, printed);
  EXPECT_NEAR(once(arm2), 5.611557, printed);
  EXPECT_NEAR(once(cue), 3.513518, printed);
  // the centre, the next best, costs ln 2 more than the cue; the arms 2.098 more
  EXPECT_NEAR(plan.first_action(plan.expected_free_energies(at_the_start(p), 2), 16)(cue), 1 / (1 + 0x1p-16),
              1e-12);
}

// The cue, then the arm it names; rewarded in 98 % of trials: 4000 of them, within the binomial 95 %
// interval.
TEST(Tmaze, AgentAsksFirstAndIsRewarded) {
  constexpr int trials = 4000;
  for (const inference how : {inference::exact, inference::mean_field}) {
    for (const auto& preference : {mild, averse}) {
      const auto p = make_tmaze(preference);
      int wins = 0;
      for (std::uint64_t seed = 0; seed < trials; ++seed) {
        const episode trial = run_episode(p, seed, 16, 2, how);
        ASSERT_EQ(trial.visited, (std::vector<Eigen::Index>{cue, trial.context == 0 ? arm1 : arm2})) << seed;
        wins += trial.last_outcome == win;
      }
      EXPECT_NEAR(double(wins) / trials, 0.98, 1.96 * std::sqrt(0.98 * 0.02 / trials));
    }
  }
}

TEST(TmazeReferenceErrors, NameWhatIsWrong) {
  const auto p = make_tmaze(mild);
  const auto message = [](auto call) -> std::string {
    try {
      call();
    } catch (const std::exception& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(message([&] { p.log_likelihood({0, 0}); }), "tmaze: modalities observed: expected 3, found 2");
  EXPECT_EQ(message([&] { p.log_likelihood({0, 3, 0}); }),
            "tmaze: observation of modality 1: expected 0 .. 2, found 3");
  EXPECT_EQ(message([] { chain<real>(random_counts(1), {0, 1}, {}); }),
            "tmaze: actions of a chain: expected 1, found 0");
  EXPECT_THROW(perceive(p.log_likelihood({arm1, win, 0}), p.product(p.D)), std::domain_error);
}

}  // namespace
}  // namespace freefall::by_hand::tmaze

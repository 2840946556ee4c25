#include "models/reference/functionals.hpp"

#include <gtest/gtest.h>

#include "central_difference.hpp"

// Every functional is summed by brute force over its definition and compared with its terms, on random
// models.
namespace freefall::by_hand::functionals {
namespace {

column<double> random_distribution(source& draw, Eigen::Index n) {
  return softmax<real>(draw(n, 1, 1.5L)).cast<double>();
}
// Columns that sum to one.
matrix<double> random_conditional(source& draw, Eigen::Index rows, Eigen::Index columns) {
  matrix<double> p(rows, columns);
  for (Eigen::Index x = 0; x < columns; ++x) p.col(x) = random_distribution(draw, rows);
  return p;
}
// Rows that sum to one: a posterior p(x|o) as [O, X].
matrix<double> random_posterior(source& draw, Eigen::Index O, Eigen::Index X) {
  return random_conditional(draw, X, O).transpose();
}

class Functionals : public testing::TestWithParam<unsigned> {
 protected:
  source draw{GetParam()};
  static constexpr Eigen::Index X = 5, O = 4, A = 3, T = 6;
  prediction<double> q{random_distribution(draw, X), random_conditional(draw, O, X)};
  prediction<double> p{random_distribution(draw, X), random_conditional(draw, O, X)};
  prediction<double> desired{random_distribution(draw, X), random_conditional(draw, O, X)};
  column<double> desired_o = random_distribution(draw, O), likelihood = p.o_given_x.row(1).transpose();
  matrix<double> model_x_given_o = random_posterior(draw, O, X);
  matrix<double> q_a = random_conditional(draw, A, X), p_a = random_conditional(draw, A, X);
  matrix<double> q_theta = random_conditional(draw, T, X);
  matrix<double> p_theta = random_distribution(draw, T).replicate(1, X);
  matrix<double> optimality = random_posterior(draw, A, X);  // any numbers in (0, 1)
  const double EV = extrinsic_value(q, desired_o), EVD = extrinsic_divergence(q, desired_o);
  const double IG = information_gain(q), PD = posterior_divergence(q, model_x_given_o);
  const double AMB = ambiguity(q), HM = predicted_entropy(q);
  const double D = outcome_divergence(q, desired_o);
};

constexpr double rounding = 1e-12;

TEST_P(Functionals, PredictedEntropyIsAmbiguityAndInformationGain) {
  EXPECT_NEAR(HM, AMB + IG, rounding);
  EXPECT_GE(IG, 0);
  EXPECT_GE(PD, 0);
}

TEST_P(Functionals, VariationalFreeEnergyIsObservationAmbiguityAndStateDivergence) {
  const double OA = observation_ambiguity(q.x, likelihood), SD = divergence(q.x, p.x);
  EXPECT_NEAR(free_energy(q.x, p.x, likelihood), OA + SD, rounding);
  const double AD = conditional_divergence(q.x, q_a, p_a), TD = conditional_divergence(q.x, q_theta, p_theta);
  EXPECT_NEAR(free_energy_extended(q.x, q_a, q_theta, p.x, p_a, p_theta, likelihood), OA + SD + AD + TD,
              rounding);
  // an upper bound of the surprise, met by the exact posterior
  const double surprise = -std::log(p.o()(1));
  EXPECT_GE(free_energy(q.x, p.x, likelihood), surprise);
  EXPECT_NEAR(free_energy<double>(p.x_given_o().row(1).transpose(), p.x, likelihood), surprise, rounding);
}

TEST_P(Functionals, ExpectedFreeEnergySplitsThreeWays) {
  EXPECT_NEAR(expected_free_energy(q, desired_o, model_x_given_o), EV - IG + PD, rounding);
  const double exact = expected_free_energy(q, desired_o, q.x_given_o());
  EXPECT_NEAR(exact, EV - IG, rounding);
  EXPECT_NEAR(exact, D + AMB, rounding);
  EXPECT_NEAR(expected_free_energy_state(q, desired.x), kl_control(q.x, desired.x) + AMB, rounding);
}

TEST_P(Functionals, FreeEnergyOfTheFutureExceedsTheExpectedByTheInformationGain) {
  const double future = future_free_energy(q, desired_o, model_x_given_o);
  EXPECT_NEAR(future, EV + PD, rounding);
  EXPECT_NEAR(future - IG, expected_free_energy(q, desired_o, model_x_given_o), rounding);
  EXPECT_NEAR(future_free_energy_biased(q, desired.o_given_x),
              extrinsic_value_likelihood(q, desired.o_given_x) + IG, rounding);
}

TEST_P(Functionals, ExpectedFutureIsTheOutcomeDivergence) {
  const double future = expected_future(q, desired_o);
  EXPECT_NEAR(future, EVD - IG, rounding);
  EXPECT_NEAR(future, D, rounding);
  // Less ambiguity than the expected free energy if both have the exact posterior; else PD stays.
  EXPECT_NEAR(future, expected_free_energy(q, desired_o, q.x_given_o()) - AMB, rounding);
  EXPECT_NEAR(future + PD, expected_free_energy(q, desired_o, model_x_given_o) - AMB, rounding);
}

TEST_P(Functionals, EvidenceIsDivergenceAndPredictedEntropy) {
  EXPECT_NEAR(D, EV - HM, rounding);
  EXPECT_NEAR(D, EVD - IG, rounding);
  EXPECT_NEAR(evidence(q, desired_o), EV, rounding);
  EXPECT_NEAR(evidence(q, desired_o), D + HM, rounding);
  EXPECT_NEAR(evidence(q, desired_o), expected_free_energy(q, desired_o, model_x_given_o) + IG - PD,
              rounding);
}

TEST_P(Functionals, BoundsOfTheEvidenceHaveTheirDirections) {
  EXPECT_GE(future_free_energy(q, desired_o, model_x_given_o), evidence(q, desired_o));
  EXPECT_LE(expected_free_energy(q, desired_o, q.x_given_o()), evidence(q, desired_o));
}

// For a chain theta -> x -> o the parameter gain cancels against a part of the state term.
TEST_P(Functionals, ParameterGainIsNoMoreThanAPartOfTheInformationGain) {
  const parametric_prediction<double> chain{random_distribution(draw, T), random_conditional(draw, X, T),
                                            q.o_given_x};
  const prediction<double> states = chain.states();
  const double parameter_gain = information_gain(chain.parameters()), state_gain = information_gain(states);
  EXPECT_NEAR(state_gain_over_parameters(chain), state_gain - parameter_gain, rounding);
  const double whole = expected_future_parameters(chain, desired_o);
  EXPECT_NEAR(whole,
              extrinsic_divergence(states, desired_o) - state_gain_over_parameters(chain) - parameter_gain,
              rounding);
  EXPECT_NEAR(whole, expected_future(states, desired_o), rounding);
  // I(x; theta) = H[x] - E H[x|theta]
  EXPECT_NEAR(parameter_gain, predicted_entropy(chain.parameters()) - ambiguity(chain.parameters()),
              rounding);
}

TEST_P(Functionals, ControlAsInferenceAddsValueAndActionDivergence) {
  const double EVO = optimality_value(q.x, q_a, optimality), AD = conditional_divergence(q.x, q_a, p_a);
  EXPECT_NEAR(control_mdp(q.x, q_a, p_a, optimality), EVO + AD, rounding);
  EXPECT_NEAR(control_pomdp(q.x, q_a, p.x, p_a, optimality, likelihood),
              EVO + observation_ambiguity(q.x, likelihood) + divergence(q.x, p.x) + AD, rounding);
  // a flat prior over actions leaves minus the entropy of the policy, and a constant
  double policy_entropy = 0;
  for (Eigen::Index x = 0; x < X; ++x) policy_entropy += q.x(x) * entropy<double>(q_a.col(x));
  const matrix<double> flat = matrix<double>::Constant(A, X, 1.0 / double(A));
  EXPECT_NEAR(conditional_divergence(q.x, q_a, flat), std::log(double(A)) - policy_entropy, rounding);
}

TEST_P(Functionals, ActionPerceptionDivergenceIsMeanFreeEnergyAndOutcomeDivergence) {
  const column<double> o = p.o();
  double mean = 0;
  for (Eigen::Index i = 0; i < O; ++i)
    mean +=
        o(i) * free_energy<double>(model_x_given_o.row(i).transpose(), p.x, p.o_given_x.row(i).transpose());
  const double whole = posterior_divergence_action(p, model_x_given_o, desired_o);
  EXPECT_NEAR(whole, mean + outcome_divergence(p, desired_o), rounding);
  EXPECT_GE(whole, evidence(p, desired_o));
}

TEST_P(Functionals, JointDivergenceIsOutcomeAndPosteriorDivergence) {
  const double whole = joint_divergence(p, desired),
               PD_desired = posterior_divergence(p, desired.x_given_o());
  EXPECT_NEAR(whole, outcome_divergence<double>(p, desired.o()) + PD_desired, rounding);
  EXPECT_NEAR(whole, extrinsic_divergence<double>(p, desired.o()) - information_gain(p) + PD_desired,
              rounding);
}

INSTANTIATE_TEST_SUITE_P(RandomModels, Functionals, testing::Range(300U, 306U));

// Certain states and outcomes: 0 ln 0 = 0.
TEST(FunctionalsOfCertainty, AreFinite) {
  prediction<double> q{column<double>::Unit(3, 1), matrix<double>::Identity(3, 3)};
  const column<double> desired_o = column<double>::Constant(3, 1.0 / 3);
  EXPECT_EQ(information_gain(q), 0);
  EXPECT_EQ(ambiguity(q), 0);
  EXPECT_NEAR(expected_free_energy(q, desired_o, q.x_given_o()), std::log(3.0), 1e-15);
  EXPECT_NEAR(expected_future(q, desired_o), std::log(3.0), 1e-15);
}

}  // namespace
}  // namespace freefall::by_hand::functionals

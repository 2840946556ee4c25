// Every functional of the table against its definition, written by hand, on random models; the sums of terms
// each is equal to; and the identities between them (Millidge 2021, chapter 5; Parr and Friston 2019).

#include "models/reference/functionals.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <freefall/dsl.hpp>
#include <freefall/runtime/random.hpp>

#include "codegen/elaborate/elaborate.hpp"
#include "codegen/elaborate/future.hpp"
#include "codegen/ir/interpret.hpp"
#include "planning_future_views.hpp"

freefall::program define();

namespace freefall {
namespace {

namespace hand = by_hand::functionals;
using by_hand::column;
using by_hand::matrix;

constexpr Eigen::Index kPlaces = 4, kSeen = 3, kActs = 2;
constexpr double kRounding = 1e-12;

struct random_model {
  runtime::stream numbers;
  std::uint64_t next = 0;
  explicit random_model(std::uint64_t seed) : numbers(seed, "model") {}

  matrix<double> conditional(Eigen::Index rows, Eigen::Index columns) {
    matrix<double> out(rows, columns);
    for (Eigen::Index j = 0; j < columns; ++j) {
      for (Eigen::Index i = 0; i < rows; ++i) out(i, j) = 0.02 + numbers.uniform(next++);
      out.col(j) /= out.col(j).sum();
    }
    return out;
  }
  column<double> distribution(Eigen::Index n) { return conditional(n, 1).col(0); }

  column<double> s = distribution(kPlaces), d = distribution(kPlaces), C = distribution(kSeen),
                 D = distribution(kPlaces);
  matrix<double> A = conditional(kSeen, kPlaces), C_x = conditional(kSeen, kPlaces),
                 P = conditional(kPlaces, kSeen), pi = conditional(kActs, kPlaces),
                 pi_0 = conditional(kActs, kPlaces), T = conditional(kActs, kPlaces),
                 T_0 = conditional(kActs, kPlaces), optimality = conditional(kActs, kPlaces);
  Eigen::Index y = static_cast<Eigen::Index>(3 * numbers.uniform(next++));

  hand::prediction<double> q() const { return {s, A}; }
  matrix<double> model_posterior() const { return P.transpose(); }
  column<double> likelihood() const { return A.row(y).transpose(); }
};

void fill(double* to, const matrix<double>& from) {
  for (Eigen::Index i = 0; i < from.rows(); ++i)
    for (Eigen::Index j = 0; j < from.cols(); ++j) to[i * from.cols() + j] = from(i, j);
}

planning_future::instance given(const random_model& m) {
  planning_future::instance kernels;
  fill(kernels.s().data(), m.s);
  fill(kernels.d().data(), m.d);
  fill(kernels.C().data(), m.C);
  fill(kernels.D().data(), m.D);
  fill(kernels.A().data(), m.A);
  fill(kernels.C_x().data(), m.C_x);
  fill(kernels.P().data(), m.P);
  fill(kernels.pi().data(), m.pi);
  fill(kernels.pi_0().data(), m.pi_0);
  fill(kernels.T().data(), m.T);
  fill(kernels.T_0().data(), m.T_0);
  for (Eigen::Index a = 0; a < kActs; ++a)
    for (Eigen::Index x = 0; x < kPlaces; ++x) {
      kernels.reached_array().data()[x * kActs + a] = 1 - m.optimality(a, x);
      kernels.reached_array().data()[(kPlaces + x) * kActs + a] = m.optimality(a, x);
    }
  kernels.y() = static_cast<double>(m.y);
  kernels.optimal() = 1;
  return kernels;
}

class Functionals : public testing::TestWithParam<std::uint64_t> {
 protected:
  const random_model m{GetParam()};
  planning_future::instance kernels = given(m);
};

TEST_P(Functionals, OfTheFutureAreTheirDefinitions) {
  const auto q = m.q();
  const matrix<double> bayes = q.x_given_o(), other = m.model_posterior();
  EXPECT_NEAR(kernels.G_exact(), hand::expected_free_energy(q, m.C, bayes), kRounding);
  EXPECT_NEAR(kernels.G_posterior(), hand::expected_free_energy(q, m.C, other), kRounding);
  EXPECT_NEAR(kernels.G_states(), hand::expected_free_energy_state(q, m.D), kRounding);
  EXPECT_NEAR(kernels.future_exact(), hand::future_free_energy(q, m.C, bayes), kRounding);
  EXPECT_NEAR(kernels.future_posterior(), hand::future_free_energy(q, m.C, other), kRounding);
  EXPECT_NEAR(kernels.future_biased(), hand::future_free_energy_biased(q, m.C_x), kRounding);
  EXPECT_NEAR(kernels.expected_future(), hand::expected_future(q, m.C), kRounding);
  EXPECT_NEAR(kernels.divergence(), hand::outcome_divergence(q, m.C), kRounding);
  EXPECT_NEAR(kernels.evidence(), -hand::evidence(q, m.C), kRounding);
  EXPECT_NEAR(kernels.action_perception(), hand::posterior_divergence_action(q, other, m.C), kRounding);
  EXPECT_NEAR(kernels.kl_control(), hand::kl_control(m.s, m.D), kRounding);
  // The desired joint p~(o) p~(x|o), as state and likelihood.
  const matrix<double> wanted = m.C.asDiagonal() * other;
  const column<double> wanted_x = wanted.colwise().sum().transpose();
  const hand::prediction<double> desired{wanted_x, wanted * wanted_x.cwiseInverse().asDiagonal()};
  EXPECT_NEAR(kernels.joint(), hand::joint_divergence(q, desired), kRounding);
}

TEST_P(Functionals, OfThePresentAreTheirDefinitions) {
  const column<double> likelihood = m.likelihood();
  EXPECT_NEAR(kernels.variational(), hand::free_energy(m.s, m.d, likelihood), kRounding);
  EXPECT_NEAR(kernels.bound(), -kernels.variational(), kRounding);
  EXPECT_NEAR(kernels.extended(), hand::free_energy_extended(m.s, m.pi, m.T, m.d, m.pi_0, m.T_0, likelihood),
              kRounding);
  EXPECT_NEAR(kernels.control_pomdp(), hand::control_pomdp(m.s, m.pi, m.d, m.pi_0, m.optimality, likelihood),
              kRounding);
  fill(kernels.s().data(), m.d);  // q(x) = p(x)
  EXPECT_NEAR(kernels.control_mdp(), hand::control_mdp(m.d, m.pi, m.pi_0, m.optimality), kRounding);
}

// Terms by hand, functionals by the compiler.
TEST_P(Functionals, SatisfyTheIdentities) {
  const auto q = m.q();
  const column<double> likelihood = m.likelihood();
  const double EV = hand::extrinsic_value(q, m.C), EVL = hand::extrinsic_value_likelihood(q, m.C_x),
               EVD = hand::extrinsic_divergence(q, m.C), IG = hand::information_gain(q),
               PD = hand::posterior_divergence(q, m.model_posterior()), AMB = hand::ambiguity(q),
               HM = hand::predicted_entropy(q), SD = by_hand::divergence(m.s, m.d),
               OA = hand::observation_ambiguity(m.s, likelihood),
               AD = hand::conditional_divergence(m.s, m.pi, m.pi_0),
               TD = hand::conditional_divergence(m.s, m.T, m.T_0),
               EVO = hand::optimality_value(m.s, m.pi, m.optimality);
  const double efe = kernels.G_exact(), D = kernels.divergence();
  EXPECT_NEAR(kernels.future_posterior() - IG, kernels.G_posterior(), kRounding);
  EXPECT_NEAR(kernels.G_posterior(), EV - IG + PD, kRounding);
  EXPECT_NEAR(efe, D + AMB, kRounding);
  EXPECT_NEAR(efe, EV - IG, kRounding);
  EXPECT_NEAR(kernels.expected_future(), efe - AMB, kRounding);  // with the exact posterior, PD = 0
  EXPECT_NEAR(kernels.expected_future(), EVD - IG, kRounding);
  EXPECT_NEAR(kernels.expected_future(), D, kRounding);
  EXPECT_NEAR(D, EV - HM, kRounding);
  EXPECT_NEAR(HM, AMB + IG, kRounding);
  EXPECT_NEAR(-kernels.evidence(), efe + IG, kRounding);
  EXPECT_NEAR(-kernels.evidence(), kernels.G_posterior() + IG - PD, kRounding);
  EXPECT_NEAR(-kernels.evidence(), D + HM, kRounding);
  EXPECT_NEAR(kernels.future_biased(), EVL + IG, kRounding);
  EXPECT_NEAR(kernels.joint(), D + PD, kRounding);
  EXPECT_NEAR(kernels.G_states(), kernels.kl_control() + AMB, kRounding);
  EXPECT_NEAR(kernels.variational(), OA + SD, kRounding);
  EXPECT_NEAR(kernels.extended(), OA + SD + AD + TD, kRounding);
  EXPECT_NEAR(kernels.control_pomdp(), EVO + OA + SD + AD, kRounding);
  // Bounds: of evidence by the free energy of the future, and, with the exact posterior, the other way by the
  // EFE.
  EXPECT_GE(kernels.future_posterior(), -kernels.evidence() - kRounding);
  EXPECT_LE(efe, -kernels.evidence() + kRounding);
  EXPECT_GE(kernels.action_perception(), -kernels.evidence() - kRounding);
}
INSTANTIATE_TEST_SUITE_P(RandomModels, Functionals, testing::Range<std::uint64_t>(0, 30));

// Each sum of terms that the report prints has the value of the functional, by the interpreter.
TEST(FunctionalTable, DecompositionsAreEqualToTheirFunctional) {
  program_scope scope;
  const ir::Program program = define().ir();
  const elaborate::Elaboration all = elaborate::elaborate(program);
  const runtime::stream numbers(3, "values");
  std::uint64_t next = 0;
  ir::Environment<long double> environment(ir::Sizes{{{"place", 4}, {"seen", 3}, {"act", 2}}});
  // The identities need distributions along the first axis.
  for (const ir::Tensor& t : program.context->tensors()) {
    if (t.role == ir::Role::output || t.role == ir::Role::temporary) continue;
    std::vector<long double> data(environment.count(t));
    const std::size_t outcomes = t.axes.empty()               ? 1
                                 : t.axes[0]->name == "place" ? 4
                                 : t.axes[0]->name == "seen"  ? 3
                                                              : 2;
    const std::size_t columns = data.size() / outcomes;
    for (long double& x : data) x = 0.1L + static_cast<long double>(numbers.uniform(next++));
    for (std::size_t c = 0; c < columns; ++c) {
      long double sum = 0;
      for (std::size_t r = 0; r < outcomes; ++r) sum += data[r * columns + c];
      for (std::size_t r = 0; r < outcomes; ++r) data[r * columns + c] /= sum;
    }
    if (t.index_of != nullptr) data = {1};
    environment.set(&t, data);
  }
  std::size_t sums = 0;
  for (const elaborate::Functional& f : all.functionals) {
    const long double value = ir::evaluate_scalar(f.value, environment);
    ASSERT_FALSE(f.decompositions.empty()) << f.symbol->name;
    for (const auto& sum : f.decompositions) {
      long double total = 0;
      for (const auto& [sign, name] : sum) {
        for (const auto& [known, term] : f.terms) {
          if (known == name) total += sign * ir::evaluate_scalar(term, environment);
        }
      }
      EXPECT_NEAR(total, value, 1e-17L) << f.symbol->name;
      ++sums;
    }
    EXPECT_EQ(f.maximised,
              f.symbol->name.starts_with("ELBO") || f.symbol->name.starts_with("expected_evidence"));
  }
  EXPECT_GT(sums, all.functionals.size() + 8);
}

TEST(FunctionalTable, KnowsItsWords) {
  for (const elaborate::FutureRow& row : elaborate::future_functionals())
    EXPECT_EQ(elaborate::find_future_functional(row.word), &row);
  EXPECT_EQ(elaborate::find_future_functional("no such functional"), nullptr);
}

}  // namespace
}  // namespace freefall

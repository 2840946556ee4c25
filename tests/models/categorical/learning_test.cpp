// Learned tables: the rules for their counts against the hand-written chain, differences and the
// interpreters.

#include <gtest/gtest.h>

#include <cmath>
#include <freefall/dsl.hpp>
#include <freefall/runtime/random.hpp>

#include "categorical_learning_views.hpp"
#include "codegen/calculus/interpret_schedule.hpp"
#include "codegen/loop/interpret_loop.hpp"
#include "codegen/plan/pipeline.hpp"
#include "models/tmaze/learning.hpp"
#include "tests/support/central_difference.hpp"

freefall::program define();

namespace freefall {
namespace {

using namespace ir;

constexpr double kRounding = 1e-13;  // of a sum of some hundred terms of size 1
constexpr std::size_t kPlaces = 4, kSeen = 3, kMoves = 2;
const std::vector<Eigen::Index> kObserved{2, 0, 1}, kActions{1, 0};

std::vector<double> counts(std::size_t size, std::uint64_t seed) {
  std::vector<double> out(size);
  const runtime::stream numbers(seed, "counts");
  for (std::size_t k = 0; k < size; ++k) out[k] = 0.2 + 3 * numbers.uniform(k);
  return out;
}
const std::vector<double> kA = counts(kSeen * kPlaces, 1), kB = counts(kPlaces * kPlaces * kMoves, 2),
                          kD = counts(kPlaces, 3);

by_hand::tmaze::chain<double> hand_written() {
  by_hand::tmaze::counts<double> prior{
      by_hand::matrix<double>(kSeen, kPlaces),
      std::vector<by_hand::matrix<double>>(kMoves, by_hand::matrix<double>(kPlaces, kPlaces)),
      by_hand::column<double>(kPlaces)};
  for (std::size_t o = 0; o < kSeen; ++o)
    for (std::size_t x = 0; x < kPlaces; ++x) prior.a(Eigen::Index(o), Eigen::Index(x)) = kA[o * kPlaces + x];
  for (std::size_t i = 0; i < kPlaces; ++i) {
    prior.d(Eigen::Index(i)) = kD[i];
    for (std::size_t j = 0; j < kPlaces; ++j)
      for (std::size_t u = 0; u < kMoves; ++u)
        prior.b[u](Eigen::Index(i), Eigen::Index(j)) = kB[(i * kPlaces + j) * kMoves + u];
  }
  return {prior, kObserved, kActions};
}

struct learner : testing::Test {
  categorical_learning::instance kernels;
  by_hand::tmaze::chain<double> hand = hand_written();
  void SetUp() override {
    const auto fill = [](double* to, const std::vector<double>& from) {
      std::copy(from.begin(), from.end(), to);
    };
    fill(kernels.prior_A().data(), kA);
    fill(kernels.prior_B_array().data(), kB);
    fill(kernels.prior_D().data(), kD);
    kernels.o0().data()[kObserved[0]] = kernels.o1().data()[kObserved[1]] =
        kernels.o2().data()[kObserved[2]] = 1;
    kernels.a1().data()[kActions[0]] = kernels.a2().data()[kActions[1]] = 1;
    kernels.begin();
    for (double* s : {kernels.s0().data(), kernels.s1().data(), kernels.s2().data()})
      std::fill(s, s + kPlaces, 1.0 / kPlaces);
  }
  void expect_like_hand() {
    const double* s[] = {kernels.s0().data(), kernels.s1().data(), kernels.s2().data()};
    for (std::size_t t = 0; t < 3; ++t)
      for (std::size_t i = 0; i < kPlaces; ++i) EXPECT_NEAR(s[t][i], hand.s[t](Eigen::Index(i)), 1e-12) << t;
    for (std::size_t o = 0; o < kSeen; ++o)
      for (std::size_t x = 0; x < kPlaces; ++x)
        EXPECT_NEAR(kernels.A_concentration().data()[o * kPlaces + x],
                    hand.posterior.a(Eigen::Index(o), Eigen::Index(x)), 1e-12);
    for (std::size_t i = 0; i < kPlaces; ++i)
      for (std::size_t j = 0; j < kPlaces; ++j)
        for (std::size_t u = 0; u < kMoves; ++u)
          EXPECT_NEAR(kernels.B_concentration_array().data()[(i * kPlaces + j) * kMoves + u],
                      hand.posterior.b[u](Eigen::Index(i), Eigen::Index(j)), 1e-12);
    EXPECT_NEAR(kernels.free_energy(), hand.free_energy(), 1e-12);
  }
};

TEST_F(learner, BeginsAtItsPrior) { expect_like_hand(); }

TEST_F(learner, FollowsTheHandWrittenChainSweepBySweepAndNeverRaisesItsFreeEnergy) {
  double last = kernels.free_energy();
  for (int sweep = 0; sweep < 30; ++sweep) {
    kernels.believe();
    for (std::size_t t = 0; t < 3; ++t) hand.believe(t);
    EXPECT_LE(kernels.free_energy(), last + kRounding);
    last = kernels.free_energy();
    kernels.count();
    hand.count();
    expect_like_hand();
    EXPECT_LE(kernels.free_energy(), last + kRounding);
    last = kernels.free_energy();
  }
}

TEST_F(learner, HoldsTheMeanOfTheCountsAsItsTable) {
  kernels.believe();
  kernels.count();
  for (std::size_t x = 0; x < kPlaces; ++x) {
    double sum = 0;
    for (std::size_t o = 0; o < kSeen; ++o) sum += kernels.A_concentration().data()[o * kPlaces + x];
    for (std::size_t o = 0; o < kSeen; ++o)
      EXPECT_NEAR(kernels.A().data()[o * kPlaces + x],
                  kernels.A_concentration().data()[o * kPlaces + x] / sum, 1e-15);
  }
}

// Labelled samples, beliefs that are certain: the prior and a histogram.
TEST_F(learner, CountsLabelledSamples) {
  const std::size_t places[] = {3, 1, 1};
  double* s[] = {kernels.s0().data(), kernels.s1().data(), kernels.s2().data()};
  for (std::size_t t = 0; t < 3; ++t)
    for (std::size_t i = 0; i < kPlaces; ++i) s[t][i] = i == places[t];
  kernels.count();
  std::vector<double> expected = kA;
  for (std::size_t t = 0; t < 3; ++t) expected[std::size_t(kObserved[t]) * kPlaces + places[t]] += 1;
  for (std::size_t k = 0; k < expected.size(); ++k)
    EXPECT_NEAR(kernels.A_concentration().data()[k], expected[k], 1e-14) << k;
}

// ---- the derived rules

class Dirichlet : public testing::Test {
 protected:
  program_scope scope_;
  const Program program_ = define().ir();
  Context& context_ = *program_.context;
  calculus::Derivation derivation_ = calculus::derive(program_);

  const calculus::Rule& rule(const char* target) const {
    for (const auto& r : derivation_.rules) {
      if (r.target->name == target) return r;
    }
    throw std::out_of_range(target);
  }
  Environment<long double> values() const {
    Environment<long double> out(Sizes{{{"place", 4}, {"seen", 3}, {"move", 2}}});
    const runtime::stream numbers(5, "values");
    std::uint64_t next = 0;
    for (const Tensor& t : context_.tensors()) {
      if (t.role == Role::output) continue;
      std::vector<long double> data(out.count(t));
      for (long double& x : data) x = 0.1L + static_cast<long double>(numbers.uniform(next++));
      out.set(&t, data);
    }
    return out;
  }
};

// a' = a + sum_t o_t s_t, as an expression.
TEST_F(Dirichlet, TheCountsOfTheLikelihoodAreThePriorAndTheJointCounts) {
  const Index i{context_.axis("seen"), 0}, j{context_.axis("place"), 0};
  const auto at = [&](const char* name, std::vector<Index> indices) {
    return make_access(context_, context_.find_tensor(name),
                       std::vector<Subscript>(indices.begin(), indices.end()));
  };
  const Expr expected = at("prior_A", {i, j}) + at("o0", {i}) * at("s0", {j}) +
                        at("o1", {i}) * at("s1", {j}) + at("o2", {i}) * at("s2", {j});
  EXPECT_EQ(rule("A_concentration").updates.at(0).value, expected);
}

TEST_F(Dirichlet, GradientsAgreeWithDifferences) {
  for (const calculus::Rule& r : derivation_.rules) {
    Environment<long double> environment = values();
    const std::vector<long double> here = environment.get(r.target);
    const auto gradient = ir::evaluate(r.gradient, canonical_indices(r.target), environment);
    for (std::size_t n = 0; n < here.size(); ++n) {
      const auto difference = test::derivative_at_zero(
          [&](long double t) {
            std::vector<long double> moved = here;
            moved[n] += t;
            environment.set(r.target, moved);
            return evaluate_scalar(r.functional, environment);
          },
          0.01L);
      EXPECT_NEAR(gradient.data[n], difference.value, 1e-10L * (1 + std::fabs(difference.value)))
          << r.target->name << ' ' << n;
    }
  }
}

TEST_F(Dirichlet, LoopsAgreeWithTheSchedule) {
  const plan::Specialisation sizes{"small", {{"place", 4}, {"seen", 3}, {"move", 2}}, plan::Scalar::float64};
  const plan::Compilation compiled = plan::compile(program_, sizes);
  Environment<long double> environment = values();
  loop::Memory<double> memory(sizes);
  for (const Tensor& t : context_.tensors()) {
    if (!environment.contains(&t)) continue;
    const auto& data = environment.get(&t);
    memory[&t] = std::vector<double>(data.begin(), data.end());
  }
  for (const auto& procedure : derivation_.procedures) calculus::interpret(procedure.steps, environment);
  for (const auto& kernel : compiled.kernels) loop::interpret(kernel.operations, memory);
  for (const char* name : {"s1", "A", "B", "D", "A_concentration", "B_concentration", "D_concentration"}) {
    const Tensor* t = context_.find_tensor(name);
    for (std::size_t n = 0; n < memory[t].size(); ++n)
      EXPECT_NEAR(memory[t][n], static_cast<double>(environment.get(t)[n]), 1e-13) << name;
  }
}

// The complexity of a table alone is KL[q(A) || p(A)], by the closed form of the hand-written reference.
TEST(DirichletFreeEnergy, OfATableAloneIsItsDivergenceFromThePrior) {
  program_scope scope;
  axis<"seen"> seen;
  auto A = variable<"A">(seen);
  auto prior = input<"prior">(seen);
  auto q = family(dirichlet(A));
  auto F = free_energy(model<"table">(A <<= dirichlet(prior)), q);
  const Program p = program{kernel<"energy">(F)}.ir();
  const Expr value =
      elaborate::resolve(elaborate::elaborate(p),
                         p.functionals[0].symbol ? element(*p.context, p.functionals[0].symbol) : Expr());
  const Eigen::Vector3d a(0.3, 2.5, 40), b(1.5, 0.7, 3);
  Environment<long double> environment(Sizes{{{"seen", 3}}});
  environment.set(p.context->find_tensor("A_concentration"), {0.3L, 2.5L, 40});
  environment.set(p.context->find_tensor("prior"), {1.5L, 0.7L, 3});
  EXPECT_NEAR(static_cast<double>(evaluate_scalar(value, environment)),
              by_hand::dirichlet_divergence<double>(a, b), 1e-12);
}

}  // namespace
}  // namespace freefall

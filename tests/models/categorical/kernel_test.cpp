// Generated kernels of categorical models against Bayes' rule by enumeration.

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <freefall/runtime/random.hpp>

#include "categorical_factors_views.hpp"
#include "categorical_filter_float_views.hpp"
#include "categorical_filter_views.hpp"
#include "categorical_xor_views.hpp"

namespace freefall {
namespace {

// Positive numbers, the first index of which runs over `outcomes` and sums to one. Those whose number is
// below `zeros` are exactly zero, save the first outcome.
std::vector<double> table(std::size_t outcomes, std::size_t columns, std::uint64_t seed, double zeros = 0) {
  std::vector<double> out(outcomes * columns);
  const runtime::stream numbers(seed, "table");
  for (std::size_t c = 0; c < columns; ++c) {
    double sum = 0;
    for (std::size_t r = 0; r < outcomes; ++r) {
      const double u = numbers.uniform(c * outcomes + r);
      out[r * columns + c] = u < zeros && r > 0 ? 0 : 0.02 + u;
      sum += out[r * columns + c];
    }
    for (std::size_t r = 0; r < outcomes; ++r) out[r * columns + c] /= sum;
  }
  return out;
}

template <class Tensor>
void fill(Tensor&& tensor, const std::vector<double>& data) {
  for (std::size_t k = 0; k < data.size(); ++k)
    tensor[k] = static_cast<std::remove_cvref_t<decltype(tensor[0])>>(data[k]);
}

constexpr std::size_t kBatch = 3, kPlaces = 5, kSeen = 4, kHeard = 3, kMoves = 2;

// The forward filter by hand.
struct filter {
  std::vector<double> B, A, H;
  std::vector<std::vector<double>> belief{kBatch, std::vector<double>(kPlaces, 0.2)};
  double evidence = 0;  // -ln p(o, h) of the last tick, summed over the batch

  void tick(const std::vector<std::size_t>& move, const std::vector<std::size_t>& o,
            const std::vector<std::size_t>& h) {
    evidence = 0;
    for (std::size_t b = 0; b < kBatch; ++b) {
      std::vector<double> next(kPlaces, 0);
      double sum = 0;
      for (std::size_t i = 0; i < kPlaces; ++i) {
        for (std::size_t j = 0; j < kPlaces; ++j)
          next[i] += B[(i * kPlaces + j) * kMoves + move[b]] * belief[b][j];
        next[i] *= A[o[b] * kPlaces + i] * H[h[b] * kPlaces + i];
        sum += next[i];
      }
      for (double& x : next) x /= sum;
      belief[b] = next;
      evidence -= std::log(sum);
    }
  }
};

// 50 ticks of the kernels beside the filter; the largest difference of a belief, and of F from -ln p.
template <class Instance>
std::pair<double, double> distances(double zeros) {
  Instance kernels;
  filter hand{table(kPlaces, kPlaces * kMoves, 1, zeros), table(kSeen, kPlaces, 2, zeros),
              table(kHeard, kPlaces, 3, 0)};
  fill(kernels.B_array().data(), hand.B);
  fill(kernels.A().data(), hand.A);
  fill(kernels.H().data(), hand.H);
  fill(kernels.s().data(), std::vector<double>(kBatch * kPlaces, 0.2));
  const runtime::stream numbers(4, "outcomes");
  std::uint64_t next = 0;
  std::pair<double, double> worst{0, 0};
  for (int tick = 0; tick < 50; ++tick) {
    std::vector<std::size_t> move(kBatch), o(kBatch), h(kBatch);
    std::vector<double> one_a(kBatch * kMoves), one_o(kBatch * kSeen), one_h(kBatch * kHeard);
    for (std::size_t b = 0; b < kBatch; ++b) {
      move[b] = static_cast<std::size_t>(numbers.uniform(next++) * kMoves);
      // Where tables have zeros, outcome 0 is the one that is always possible.
      o[b] = zeros > 0 ? 0 : static_cast<std::size_t>(numbers.uniform(next++) * kSeen);
      h[b] = static_cast<std::size_t>(numbers.uniform(next++) * kHeard);
      one_a[b * kMoves + move[b]] = one_o[b * kSeen + o[b]] = one_h[b * kHeard + h[b]] = 1;
    }
    fill(kernels.a().data(), one_a);
    fill(kernels.o().data(), one_o);
    fill(kernels.h().data(), one_h);
    for (std::size_t k = 0; k < kBatch * kPlaces; ++k) kernels.before().data()[k] = kernels.s().data()[k];
    kernels.perceive();
    hand.tick(move, o, h);
    for (std::size_t k = 0; k < kBatch * kPlaces; ++k) {
      const double expected = hand.belief[k / kPlaces][k % kPlaces];
      worst.first = std::max(worst.first, std::fabs(static_cast<double>(kernels.s().data()[k]) - expected));
    }
    worst.second =
        std::max(worst.second, std::fabs(static_cast<double>(kernels.free_energy()) - hand.evidence));
  }
  return worst;
}

TEST(CategoricalKernels, ExactIsTheForwardFilter) {
  const auto [belief, energy] = distances<categorical_filter::instance>(0);
  EXPECT_LT(belief, 1e-12);
  EXPECT_LT(energy, 1e-12);
}

// Impossible transitions and outcomes: ln 0 is ln 1e-16, which leaves at most 1e-16 where Bayes' rule has 0.
TEST(CategoricalKernels, TablesMayHaveZeros) {
  const auto [belief, energy] = distances<categorical_filter::instance>(0.4);
  EXPECT_LT(belief, 1e-12);
  EXPECT_LT(energy, 1e-12);
}

// 2^-24 a rounding, logs of up to 10 in size, errors that the filter forgets: 1e-5 is 20 roundings of 10.
TEST(CategoricalKernels, InSinglePrecisionFollowTheFilter) {
  const auto [belief, energy] = distances<categorical_filter_float::instance>(0);
  EXPECT_LT(belief, 1e-5);
  EXPECT_LT(energy, 1e-5);
}

TEST(CategoricalKernels, TheExpectedLogIsNotTheLogOfTheExpectation) {
  categorical_filter::instance kernels;
  fill(kernels.B_array().data(), table(kPlaces, kPlaces * kMoves, 1));
  fill(kernels.A().data(), table(kSeen, kPlaces, 2));
  fill(kernels.H().data(), table(kHeard, kPlaces, 3));
  fill(kernels.before().data(), table(kPlaces, 1, 4));
  for (std::size_t b = 0; b < kBatch; ++b) {
    kernels.a().data()[b * kMoves] = kernels.o().data()[b * kSeen] = kernels.h().data()[b * kHeard] = 1;
    for (std::size_t j = 0; j < kPlaces; ++j)
      kernels.before().data()[b * kPlaces + j] = b == 1 ? j == 2 : 0.2;
  }
  kernels.perceive();
  const std::vector<double> exact(kernels.s().data(), kernels.s().data() + kBatch * kPlaces);
  const double least = kernels.free_energy();
  kernels.perceive_by_expected_log();
  double belief = 0, outcome = 0;
  for (std::size_t j = 0; j < kPlaces; ++j) {
    belief = std::max(belief, std::fabs(kernels.s().data()[j] - exact[j]));
    outcome = std::max(outcome, std::fabs(kernels.s().data()[kPlaces + j] - exact[kPlaces + j]));
  }
  EXPECT_GT(belief, 1e-3);    // of a belief they differ
  EXPECT_LT(outcome, 1e-14);  // of an outcome they agree
  EXPECT_GT(kernels.free_energy(), least);
}

// ---- mean field

constexpr std::size_t kP = 4, kC = 3, kO = 3;

struct factors : testing::Test {
  categorical_factors::instance kernels;
  std::vector<double> d = table(kP, 1, 11), e = table(kC, 1, 12), B = table(kP, kP, 13),
                      A = table(kO, kP* kC, 14);
  void SetUp() override {
    fill(kernels.d().data(), d);
    fill(kernels.e().data(), e);
    fill(kernels.B().data(), B);
    fill(kernels.A_array().data(), A);
    kernels.o().data()[1] = 1;
    kernels.begin();
  }
  double joint(std::size_t f, std::size_t s, std::size_t c) const {
    return d[f] * B[s * kP + f] * e[c] * A[(kP + s) * kC + c];
  }
};

TEST_F(factors, BeginAtTheMeanOfTheirDensities) {
  for (std::size_t i = 0; i < kP; ++i) {
    double mean = 0;
    for (std::size_t j = 0; j < kP; ++j) mean += B[i * kP + j] * d[j];
    EXPECT_NEAR(kernels.s().data()[i], mean, 1e-15);
    EXPECT_NEAR(kernels.first().data()[i], d[i], 1e-15);
  }
}

// E_q[ln q - ln p] by enumeration.
TEST_F(factors, HaveTheFreeEnergyOfTheirProduct) {
  const auto energy = [&] {
    double sum = 0;
    for (std::size_t f = 0; f < kP; ++f) {
      for (std::size_t s = 0; s < kP; ++s) {
        for (std::size_t c = 0; c < kC; ++c) {
          const double q = kernels.first().data()[f] * kernels.s().data()[s] * kernels.c().data()[c];
          sum += q * (std::log(q) - std::log(joint(f, s, c)));
        }
      }
    }
    return sum;
  };
  EXPECT_NEAR(kernels.free_energy(), energy(), 1e-13);
  kernels.settle();
  EXPECT_NEAR(kernels.free_energy(), energy(), 1e-13);
}

// Each single update lowers F, and F stays above -ln p(o).
TEST_F(factors, DoNotRaiseTheFreeEnergyInAnyUpdate) {
  double evidence = 0;
  for (std::size_t f = 0; f < kP; ++f)
    for (std::size_t s = 0; s < kP; ++s)
      for (std::size_t c = 0; c < kC; ++c) evidence += joint(f, s, c);
  double last = kernels.free_energy();
  const auto falls = [&] {
    const double now = kernels.free_energy();
    EXPECT_LE(now, last + 1e-15);
    EXPECT_GE(now, -std::log(evidence));
    last = now;
  };
  for (int sweep = 0; sweep < 20; ++sweep) {
    kernels.solve_first();
    falls();
    kernels.solve_s();
    falls();
    kernels.solve_c();
    falls();
  }
}

// s = softmax(E[ln B] + E[ln A]) with the others at rest, by loops.
TEST_F(factors, RestWhereEachIsTheSoftmaxOfItsExpectedLogs) {
  kernels.settle();
  std::vector<double> s(kP, 0);
  double sum = 0;
  for (std::size_t i = 0; i < kP; ++i) {
    for (std::size_t j = 0; j < kP; ++j) s[i] += kernels.first().data()[j] * std::log(B[i * kP + j]);
    for (std::size_t c = 0; c < kC; ++c) s[i] += kernels.c().data()[c] * std::log(A[(kP + i) * kC + c]);
    s[i] = std::exp(s[i]);
    sum += s[i];
  }
  for (std::size_t i = 0; i < kP; ++i) EXPECT_NEAR(kernels.s().data()[i], s[i] / sum, 1e-13);
}

// A modality that says whether two binary causes differ: both stay at 1/2, since mean field cannot hold their
// correlation; the posterior puts 1/2 on each of the two pairs, and F stays above -ln p(o).
TEST(MeanField, StaysUndecidedBetweenTheCausesOfAnExclusiveOr) {
  categorical_xor::instance kernels;
  fill(kernels.A_array().data(), {1, 0, 0, 1, 0, 1, 1, 0});  // A[equal, x, y], then A[different, x, y]
  kernels.o().data()[1] = 1;
  kernels.begin();
  kernels.settle();
  for (std::size_t k = 0; k < 2; ++k) {
    EXPECT_DOUBLE_EQ(kernels.x().data()[k], 0.5);
    EXPECT_DOUBLE_EQ(kernels.y().data()[k], 0.5);
  }
  // Half of the mass of q stands where p is zero, where ln p is ln 1e-16.
  EXPECT_NEAR(kernels.free_energy(), -0.5 * std::log(1e-16), 1e-13);
  EXPECT_GT(kernels.free_energy(), std::log(2.0));
}

}  // namespace
}  // namespace freefall

#include "models/attractor/reference.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "central_difference.hpp"
#include "models/attractor/stationary_law.hpp"

namespace freefall::by_hand::attractor {
namespace {

network<real> random_network(Eigen::Index n, unsigned seed, bool symmetric = false) {
  source draw(seed);
  network<real> net(n);
  net.J = draw(n, n, 0.8L);
  if (symmetric) net.J = ((net.J + net.J.transpose()) / 2).eval();
  net.J.diagonal().setZero();
  net.bias = draw(n, 1);
  net.beta = 0.7L;
  net.state = draw(n, 1).array().tanh();
  net.previous = draw(n, 1).array().tanh();
  return net;
}

// ---- the local free energies

// E_q[ln q - ln p] as an integral of densities, the normaliser of the conditional found by quadrature too.
TEST(AttractorReferenceEnergy, IsTheExpectationOverItsDefinition) {
  const auto net = random_network(5, 41);
  const auto rule = gauss_legendre<real>(60);
  const auto integral = [&](auto f) {
    real sum = 0;
    for (std::size_t k = 0; k < rule.node.size(); ++k) sum += rule.weight[k] * f(rule.node[k]);
    return sum;
  };
  for (Eigen::Index i = 0; i < 5; ++i) {
    real u = net.bias(i);
    for (Eigen::Index j = 0; j < 5; ++j) u += net.J(i, j) * net.state(j);
    u *= net.beta;
    const real v = 0.9L - real(i), zq = integral([&](real s) { return std::exp(v * s); });
    const real zp = integral([&](real s) { return std::exp(u * s); });
    EXPECT_NEAR(integral([&](real s) {
                  return std::exp(v * s) / zq * (v * s - std::log(zq) - u * s + std::log(zp));
                }),
                net.local_free_energy(i, v), 1e-14);
  }
}

TEST(AttractorReferenceEnergy, LocalGradientIsACentralDifference) {
  const auto net = random_network(4, 42);
  for (Eigen::Index i = 0; i < 4; ++i)
    for (real v : {-3.0L, -0.2L, 0.0L, 1.1L, 8.0L})
      EXPECT_NEAR(central_difference(v, [&] { return net.local_free_energy(i, v); }),
                  net.local_gradient(i, v), difference_tolerance);
}

TEST(AttractorReferenceEnergy, IsZeroAndStationaryAtTheFixedPoint) {
  const auto net = random_network(4, 43);
  for (Eigen::Index i = 0; i < 4; ++i) {
    const real v = net.fixed_point(i);
    EXPECT_EQ(net.local_free_energy(i, v), 0);
    EXPECT_EQ(net.local_gradient(i, v), 0);
    EXPECT_GT(net.local_free_energy(i, v + 0.1L), 0);
    EXPECT_GT(net.local_free_energy(i, v - 0.1L), 0);
  }
}

TEST(AttractorReferenceEnergy, IsComplexityLessAccuracyUpToAConstant) {
  const auto net = random_network(4, 44);
  for (Eigen::Index i = 0; i < 4; ++i) {
    const auto remainder = [&](real v) {
      return net.local_free_energy(i, v) - net.local_complexity(i, v) + net.local_accuracy(i, v);
    };
    const real constant = cb::log_normaliser(net.natural(i)) - cb::log_normaliser(net.beta * net.bias(i));
    for (const real v : {-2.0L, 0.3L, 5.0L}) EXPECT_NEAR(remainder(v), constant, 1e-14);
  }
}

// For symmetric J the local free energy is, up to a constant, the one under the joint: E_q[ln q(sigma_i) +
// E(sigma)] with E = -beta (b . sigma + sigma' J sigma / 2), linear in sigma_i, so sigma_i may be set to its
// mean.
TEST(AttractorReferenceEnergy, OfASymmetricNetworkIsThatOfTheJoint) {
  const auto net = random_network(5, 45, true);
  for (Eigen::Index i = 0; i < 5; ++i) {
    const auto joint = [&](real v) {
      auto at = net.state;
      at(i) = cb::mean(v);
      return -cb::entropy(v) - net.beta * (net.bias.dot(at) + at.dot(net.J * at) / 2);
    };
    EXPECT_NEAR(joint(1.3L) - joint(-0.4L), net.local_free_energy(i, 1.3L) - net.local_free_energy(i, -0.4L),
                1e-14);
  }
}

TEST(AttractorReferenceEnergy, MeanFieldGradientIsACentralDifference) {
  auto net = random_network(5, 46);
  column<real> v = source(47)(5, 1);
  const matrix<real> J = (net.J + net.J.transpose()) / 2;
  const column<real> error = v - net.beta * (net.bias + J * mean<real>(v));
  const column<real> gradient = error.array() * v.unaryExpr([](real b) { return cb::variance(b); }).array();
  EXPECT_LT(worst_difference(v, gradient, [&] { return net.mean_field_energy(v); }), difference_tolerance);
}

// Settling one state after another is coordinate descent on the mean-field energy of a symmetric network.
TEST(AttractorReferenceEnergy, FallsWhenASymmetricNetworkSettlesInOrder) {
  auto net = random_network(6, 48, true);
  const std::array<Eigen::Index, 6> order{0, 1, 2, 3, 4, 5};
  net.settle(order);
  // the natural parameters of which the present state is the mean, state i having been set before i + 1
  const auto energy = [&] {
    column<real> v(6);
    for (Eigen::Index i = 0; i < 6; ++i) {
      column<real> seen = net.previous;
      seen.head(i) = net.state.head(i);
      v(i) = net.beta * (net.bias(i) + net.J.row(i).dot(seen));
    }
    return net.mean_field_energy(v);
  };
  real before = energy();
  for (int sweep = 0; sweep < 20; ++sweep) {
    net.settle(order);
    const real after = energy();
    EXPECT_LE(after, before + 1e-17L);
    before = after;
  }
  for (Eigen::Index i = 0; i < 6; ++i) EXPECT_NEAR(net.state(i), cb::mean(net.natural(i)), 1e-9);
}

// ---- sampling

TEST(AttractorReferenceSampling, DrawsEveryStateFromTheOldOnes) {
  auto net = random_network(3, 49);
  const auto old = net;
  const std::array<real, 3> u{0.2L, 0.7L, 0.4L};
  net.sample(u);
  for (Eigen::Index i = 0; i < 3; ++i)
    EXPECT_NEAR(net.state(i), cb::sample(old.natural(i), u[std::size_t(i)]), 1e-14);
  EXPECT_EQ(net.previous, old.state);
}

TEST(AttractorReferenceSampling, InAnOrderReadsTheStatesAlreadyDrawn) {
  auto net = random_network(3, 50);
  const auto old = net;
  auto by_hand = net;
  const std::array<real, 3> u{0.2L, 0.7L, 0.4L};
  const std::array<Eigen::Index, 3> order{2, 0, 2};
  net.sample(u, order);
  for (std::size_t k = 0; k < 3; ++k) by_hand.state(order[k]) = cb::sample(by_hand.natural(order[k]), u[k]);
  EXPECT_EQ(net.state, by_hand.state);
  EXPECT_EQ(net.previous, old.state);
}

// Two states, b = (0.4, -0.7), J = 0.9, beta = 1: the first moments and the pair moment of a density on the
// square by 80 x 80 Gauss-Legendre points.
network<double> two_states() {
  network<double> net(2);
  net.J << 0, 0.9, 0.9, 0;
  net.bias << 0.4, -0.7;
  return net;
}

template <class LogDensity>
moments by_quadrature(LogDensity log_density) {
  const auto rule = gauss_legendre<double>(80);
  double mass = 0;
  moments m{0, 0, 0};
  for (std::size_t a = 0; a < 80; ++a)
    for (std::size_t b = 0; b < 80; ++b) {
      const double s = rule.node[a], t = rule.node[b];
      const double p = rule.weight[a] * rule.weight[b] * std::exp(log_density(s, t));
      mass += p;
      m.first += p * s;
      m.second += p * t;
      m.pair += p * s * t;
    }
  return {m.first / mass, m.second / mass, m.pair / mass};
}

moments of_the_joint() {
  return by_quadrature([](double s, double t) { return 0.4 * s - 0.7 * t + 0.9 * s * t; });
}
moments of_the_synchronous_law() {
  return by_quadrature([](double s, double t) {
    return 0.4 * s - 0.7 * t + cb::log_normaliser(0.4 + 0.9 * t) + cb::log_normaliser(-0.7 + 0.9 * s);
  });
}

// 10-digit values of an independent computation with the same number of points.
TEST(AttractorReferenceSampling, StationaryLawsHaveTheirKnownMoments) {
  const moments joint = of_the_joint(), at_once = of_the_synchronous_law();
  EXPECT_NEAR(joint.first, 0.0694078627, 1e-10);
  EXPECT_NEAR(joint.second, -0.1969727931, 1e-10);
  EXPECT_NEAR(joint.pair, 0.0779605814, 1e-10);
  EXPECT_NEAR(at_once.first, 0.0694078627, 1e-10);
  EXPECT_NEAR(at_once.second, -0.1969727931, 1e-10);
  EXPECT_NEAR(at_once.pair, -0.0136714606, 1e-10);
}

// The laws from the conditionals alone: where the couplings are symmetric they have the closed forms.
TEST(AttractorReferenceSampling, LawsFromTheConditionalsAreTheClosedForms) {
  const auto expect = [](const moments& found, const moments& expected) {
    EXPECT_NEAR(found.first, expected.first, 1e-13);
    EXPECT_NEAR(found.second, expected.second, 1e-13);
    EXPECT_NEAR(found.pair, expected.pair, 1e-13);
  };
  const auto net = two_states();
  expect(stationary_moments(net, schedule::synchronous), of_the_synchronous_law());
  expect(stationary_moments(net, schedule::sequential), of_the_joint());
  expect(stationary_moments(net, schedule::random_scan), of_the_joint());
}

// Without symmetry no schedule has the Boltzmann law of the symmetric part. Four-digit values of an
// independent computation, random scans and all at once.
TEST(AttractorReferenceSampling, LawsOfAsymmetricCouplingsDependOnTheSchedule) {
  struct row {
    double to_first, to_second;
    moments random;
    double at_once;
  };
  for (const row& at : {row{0.9, -0.3, {0.0601, -0.2303, 0.0141}, -0.0138},
                        row{1.5, 0.3, {0.0146, -0.2234, 0.0828}, -0.0033}}) {
    auto net = two_states();
    net.J << 0, at.to_first, at.to_second, 0;
    const moments random = stationary_moments(net, schedule::random_scan);
    EXPECT_NEAR(random.first, at.random.first, 5e-5);
    EXPECT_NEAR(random.second, at.random.second, 5e-5);
    EXPECT_NEAR(random.pair, at.random.pair, 5e-5);
    EXPECT_NEAR(stationary_moments(net, schedule::synchronous).pair, at.at_once, 5e-5);
    EXPECT_GT(std::abs(stationary_moments(net, schedule::sequential).pair - random.pair), 1e-3);
  }
}

// 100000 chains of 14 sweeps from 0, within 4 standard errors.
class AttractorReferenceSchedule : public testing::TestWithParam<schedule> {};

TEST_P(AttractorReferenceSchedule, ReachesItsStationaryMoments) {
  constexpr int chains = 100000;
  const moments expected = GetParam() == schedule::synchronous ? of_the_synchronous_law() : of_the_joint();
  sampler draw(51);
  auto net = two_states();
  Eigen::Array3d sum = Eigen::Array3d::Zero(), squares = Eigen::Array3d::Zero();
  for (int chain = 0; chain < chains; ++chain) {
    net.state.setZero();
    for (int sweep = 0; sweep < 14; ++sweep) draw.sweep(net, GetParam());
    const Eigen::Array3d x(net.state(0), net.state(1), net.state(0) * net.state(1));
    sum += x;
    squares += x.square();
  }
  const Eigen::Array3d average = sum / chains,
                       error = ((squares / chains - average.square()) / chains).sqrt();
  EXPECT_NEAR(average(0), expected.first, 4 * error(0));
  EXPECT_NEAR(average(1), expected.second, 4 * error(1));
  EXPECT_NEAR(average(2), expected.pair, 4 * error(2));
  EXPECT_LT(error.maxCoeff(), 2e-3);
}

INSTANTIATE_TEST_SUITE_P(All, AttractorReferenceSchedule,
                         testing::Values(schedule::synchronous, schedule::sequential, schedule::random_scan));

// ---- learning

TEST(AttractorReferenceLearning, OfTheTwoGradientRulesDescendsTheSurprise) {
  for (const learning_rule rule : {pseudo_likelihood, next_state}) {
    auto net = random_network(4, 52);
    auto learned = net;
    learned.learn(rule, 1);
    for (Eigen::Index i = 0; i < 4; ++i)
      for (Eigen::Index j = 0; j < 4; ++j) {
        const real slope =
            i == j ? 0 : central_difference(net.J(i, j), [&] { return net.surprise(rule.prediction); });
        EXPECT_NEAR(learned.J(i, j) - net.J(i, j), -slope, difference_tolerance);
      }
  }
}

// J_ij += rate (sigma_i - L((J sigma_old)_i)) sigma_j, written out; without evidence and temperature.
TEST(AttractorReferenceLearning, OfRuleAPredictsFromTheOldStateAndMultipliesByTheNew) {
  auto net = random_network(4, 53);
  const auto old = net;
  net.learn(rule_a, 0.3L);
  for (Eigen::Index i = 0; i < 4; ++i) {
    real h = 0;
    for (Eigen::Index j = 0; j < 4; ++j) h += old.J(i, j) * old.previous(j);
    for (Eigen::Index j = 0; j < 4; ++j) {
      const real change = i == j ? 0 : 0.3L * (old.state(i) - (1 / std::tanh(h) - 1 / h)) * old.state(j);
      EXPECT_NEAR(net.J(i, j), old.J(i, j) + change, 1e-14);
    }
  }
}

// ---- measures

TEST(AttractorReferenceMonitor, CountsEachPairTwice) {
  const auto net = random_network(3, 54);
  real expected = 0;
  std::array<real, 3> v, m;
  for (Eigen::Index i = 0; i < 3; ++i) {
    real b = net.bias(i);
    for (Eigen::Index j = 0; j < 3; ++j) b += net.J(i, j) * net.state(j);
    v[std::size_t(i)] = b;
    m[std::size_t(i)] = 1 / std::tanh(b) - 1 / b;
  }
  for (Eigen::Index i = 0; i < 3; ++i) {
    const real b = v[std::size_t(i)], mi = m[std::size_t(i)];
    const auto phi = [](real x) { return std::log(2 * std::sinh(x) / x); };
    expected += phi(net.bias(i)) - phi(b) + (b - net.bias(i)) * mi - net.bias(i) * mi;
    for (Eigen::Index j = 0; j < 3; ++j) expected -= mi * net.J(i, j) * m[std::size_t(j)];
  }
  EXPECT_NEAR(net.published_monitor(), expected, 1e-14);
}

TEST(AttractorReferenceBars, AreStandardisedAndCorrelateAsPublished) {
  const bars show;
  EXPECT_NEAR(correlation(show.vertical, show.horizontal), 0.7706, 5e-5);
  for (const auto& image : {show.vertical, show.horizontal, show.plain_horizontal, show.cross}) {
    EXPECT_NEAR(image.mean(), 0, 1e-15);
    EXPECT_NEAR(image.squaredNorm(), 25, 1e-13);
  }
}

double median(std::vector<double> x) {
  std::sort(x.begin(), x.end());
  return (x[(x.size() - 1) / 2] + x[x.size() / 2]) / 2;
}

// Spisak and Friston 2025, figure 3: attractor correlation -0.19 (one run; 40 runs of an independent program:
// median -0.192, 2 runs with a single attractor), free-energy monitor falling from about -440 to about -535.
TEST(AttractorReferenceTwoPatterns, BecomeOrthogonalAttractorsUnderRuleA) {
  std::vector<double> correlations, retrievals, mixtures, begins, ends;
  int negative = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto run = learn_two_patterns(seed);
    correlations.push_back(run.attractor_correlation);
    retrievals.push_back(run.retrieval);
    mixtures.push_back(run.mixing);
    begins.push_back(run.monitor_begin);
    ends.push_back(run.monitor_end);
    negative += run.attractor_correlation < 0;
    EXPECT_GT(run.retrieval, run.retrieval_input);
  }
  EXPECT_GT(median(correlations), -0.25);
  EXPECT_LT(median(correlations), -0.12);
  EXPECT_GE(negative, 17);
  EXPECT_NEAR(median(begins), -440, 3);
  EXPECT_NEAR(median(ends), -536, 3);
  EXPECT_GE(median(retrievals), 0.96);
  EXPECT_GE(median(mixtures), 0.95);
}

TEST(AttractorReferenceTwoPatterns, MergeUnderTheGradientOfTheNextState) {
  std::vector<double> correlations;
  for (std::uint64_t seed = 1; seed <= 5; ++seed)
    correlations.push_back(learn_two_patterns(seed, {.rule = next_state}).attractor_correlation);
  EXPECT_GT(median(correlations), 0.99);
}

TEST(AttractorReferenceErrors, NameTheSizeThatIsWrong) {
  network<double> net(3);
  const std::array<double, 2> u{0.5, 0.5};
  const std::array<double, 3> three{0.5, 0.5, 0.5};
  const std::array<Eigen::Index, 2> order{0, 1};
  const auto message = [](auto call) -> std::string {
    try {
      call();
    } catch (const std::invalid_argument& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(message([&] { net.sample(u); }), "attractor: draws: expected 3, found 2");
  EXPECT_EQ(message([&] { net.sample(three, order); }), "attractor: states in a scan: expected 3, found 2");
  EXPECT_EQ(message([] { network<double>(0); }),
            "attractor: the number of states: expected at least 1, found 0");
}

}  // namespace
}  // namespace freefall::by_hand::attractor

#include "models/scalar_graph/reference.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "central_difference.hpp"
#include "freefall/runtime/random.hpp"

namespace freefall::by_hand::scalar_graph {
namespace {

using enum predictions;

// v1 = theta v0, v2 = sqrt v1, v3 = v0^2, v4 = tan v2 + sin v3 at v0 = 5, theta = 2, and L = (v4 - 3)^2
// (Millidge, Tschantz and Buckley 2020, figure 2).
template <class S>
graph<S> branching() {
  using in = std::span<const S>;
  using out = std::span<S>;
  std::vector<vertex<S>> v(5);
  v[1] = {{0},
          {0},
          [](in x, in theta) { return theta[0] * x[0]; },
          [](in x, in theta, out dx, out dtheta) { dx[0] = theta[0], dtheta[0] = x[0]; }};
  v[2] = {{1},
          {},
          [](in x, in) { return std::sqrt(x[0]); },
          [](in x, in, out dx, out) { dx[0] = 1 / (2 * std::sqrt(x[0])); }};
  v[3] = {{0}, {}, [](in x, in) { return x[0] * x[0]; }, [](in x, in, out dx, out) { dx[0] = 2 * x[0]; }};
  v[4] = {{2, 3},
          {},
          [](in x, in) { return std::tan(x[0]) + std::sin(x[1]); },
          [](in x, in, out dx, out) {
            const S t = std::tan(x[0]);
            dx[0] = 1 + t * t;
            dx[1] = std::cos(x[1]);
          }};
  graph<S> g(std::move(v), {S(2)});
  g.forward(std::array<S, 1>{S(5)});
  g.clamp_error(2 * (3 - g.prediction[4]));
  return g;
}

// The values to ten digits; from a third implementation (Octave). They are also what the central differences
// give.
TEST(ScalarGraph, BranchingFunctionHasTheKnownValues) {
  constexpr double digits = 6e-11;
  auto g = branching<double>();
  const double values[] = {5, 10, 3.1622776602, 25, -0.1116637929};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(g.prediction[i], values[i], digits);
  const double miss = g.prediction[4] - 3;
  EXPECT_NEAR(miss * miss, 9.6824515598, digits);
  const auto a = g.adjoints(2 * miss);
  const double adjoints[] = {-63.6546292833, -0.9844156312, -6.2259911175, -6.1685798021, -6.2233275857};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(a[i], adjoints[i], digits);
  EXPECT_NEAR(g.parameter_adjoints(a)[0], -4.9220781558, digits);

  g.settle();
  EXPECT_NEAR(g.gradient(0), -63.6546292833, digits);
  EXPECT_NEAR(g.parameter_gradient()[0], -4.9220781558, digits);
  for (std::size_t i = 1; i < 5; ++i) EXPECT_NEAR(g.error[i], -adjoints[i], digits);
}

TEST(ScalarGraph, BranchingFunctionHasTheKnownGradientForTheOtherLosses) {
  auto g = branching<double>();
  g.clamp_error(3 - g.prediction[4]);  // half the square
  g.settle();
  EXPECT_NEAR(g.gradient(0), -31.8273146417, 6e-11);
  g.clamp_error(1 - g.prediction[4]);  // and the target 1
  g.settle();
  EXPECT_NEAR(g.gradient(0), -11.3705321867, 6e-11);
}

// Sweeps until dL/dv0 is right to 1e-6 and to 1e-12, as an Octave program counted them.
TEST(ScalarGraph, BranchingFunctionConvergesInTheKnownNumberOfSweeps) {
  struct known {
    double eta;
    int coarse, fine;
  };
  constexpr known counts[] = {{0.02, 703, 1399}, {0.05, 277, 552}, {0.1, 135, 269}, {0.2, 64, 127},
                              {0.5, 21, 42},     {1.0, 2, 2},      {1.5, 20, 42},   {1.9, 152, 290}};
  for (const auto& [eta, coarse, fine] : counts) {
    auto g = branching<double>();
    const double exact = g.adjoints(-g.error[4])[0];
    const auto groups = g.simultaneous();
    std::array<int, 2> found{};
    for (int k = 1; found[1] == 0 && k < 2000; ++k) {
      g.relax(fixed, groups, 1, 1, eta);
      const double error = std::abs(g.gradient(0) / exact - 1);
      if (found[0] == 0 && error < 1e-6) found[0] = k;
      if (found[1] == 0 && error < 1e-12) found[1] = k;
    }
    EXPECT_EQ(found[0], coarse) << eta;
    EXPECT_EQ(found[1], fine) << eta;
  }
  auto g = branching<double>();
  g.relax(fixed, g.simultaneous(), 100, 1, 0.1);
  EXPECT_NEAR(std::abs(g.gradient(0) / -63.6546292833 - 1), 3.569e-5, 5e-9);
  g = branching<double>();
  g.relax(fixed, g.simultaneous(), 400, 1, 2.05);
  EXPECT_GT(std::abs(g.gradient(0)), 1e6);
}

// P(Bin(k, eta) <= d - 1), the relative error of every chain of d edges.
TEST(BinomialTail, IsTheKnownTable) {
  struct known {
    double eta;
    int k, d;
    double below;
  };
  constexpr known table[] = {{0.1, 100, 1, 2.66e-5},   {0.1, 100, 2, 3.22e-4},  {0.1, 100, 5, 2.37e-2},
                             {0.1, 100, 10, 0.451},    {0.1, 100, 20, 0.998},   {0.2, 100, 1, 2.0e-10},
                             {0.2, 100, 4, 5.8e-7},    {0.2, 100, 20, 0.460},   {0.1, 200, 6, 3.9e-5},
                             {0.1, 200, 10, 3.5e-3},   {0.05, 200, 3, 2.3e-3},  {0.05, 200, 6, 6.2e-2},
                             {0.1, 100, 5, 2.3711e-2}, {0.2, 100, 5, 3.7032e-6}};
  for (const auto& [eta, k, d, below] : table)
    EXPECT_NEAR(1 - binomial_tail(k, eta, d), below, 0.03 * below) << eta << ' ' << k << ' ' << d;
}

// A chain of `depth` latent edges: one weight for each.
graph<double> chain(std::size_t depth) {
  using in = std::span<const double>;
  using out = std::span<double>;
  std::vector<vertex<double>> v(depth + 2);
  for (std::size_t i = 1; i < v.size(); ++i)
    v[i] = {{i - 1},
            {},
            [](in x, in) { return std::tanh(1.3 * x[0]); },
            [](in x, in, out dx, out) { dx[0] = 1.3 * (1 - std::pow(std::tanh(1.3 * x[0]), 2)); }};
  graph<double> g(std::move(v), {});
  g.forward(std::array{0.7});
  g.clamp_error(0.9);
  return g;
}

// Ten edges; only the number of edges to the output counts.
TEST(ScalarGraph, ChainsConvergeAsTheBinomialTailWhateverTheirWeights) {
  for (const double eta : {0.1, 0.2}) {
    auto g = chain(9);
    const auto exact = g.adjoints(-g.error.back());
    g.relax(fixed, g.simultaneous(), 100, 1, eta);
    for (std::size_t i = 1; i < g.output(); ++i) {
      const int d = static_cast<int>(g.output() - i);
      EXPECT_NEAR(1 + g.error[i] / exact[i], 1 - binomial_tail(100, eta, d), 1e-12) << eta << ' ' << d;
    }
  }
}

// Vertices 0 .. 2 are inputs. Each other vertex multiplies two of its parents and adds weighted sines of the
// rest, so that fan-in, fan-out, shared parameters and twice the same parent all occur.
template <class S>
graph<S> random_graph(std::uint64_t seed, std::size_t size) {
  using in = std::span<const S>;
  using out = std::span<S>;
  const runtime::stream draw(seed, "graph");
  std::uint64_t next = 0;
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(draw.word(next++) % n); };
  constexpr std::size_t inputs = 3, parameter_count = 5;
  std::vector<vertex<S>> v(size);
  for (std::size_t i = inputs; i < size; ++i) {
    std::vector<std::size_t> parents{i == inputs ? 0 : i - 1 - below(2), below(i)},
        theta{below(parameter_count)};
    for (std::size_t n = below(3); n > 0; --n) {
      parents.push_back(below(i));
      theta.push_back(below(parameter_count));
    }
    v[i] = {parents, theta,
            [](in x, in w) {
              S sum = w[0] * x[0] * std::cos(x[1]);
              for (std::size_t p = 2; p < x.size(); ++p) sum += w[p - 1] * std::sin(x[p]);
              return sum;
            },
            [](in x, in w, out dx, out dw) {
              dx[0] = w[0] * std::cos(x[1]);
              dx[1] = -w[0] * x[0] * std::sin(x[1]);
              dw[0] = x[0] * std::cos(x[1]);
              for (std::size_t p = 2; p < x.size(); ++p) {
                dx[p] = w[p - 1] * std::cos(x[p]);
                dw[p - 1] = std::sin(x[p]);
              }
            }};
  }
  std::vector<S> theta(parameter_count);
  for (S& t : theta) t = S(0.7) * S(draw.normal(next++));  // derivatives stay of order one
  graph<S> g(std::move(v), std::move(theta));
  std::vector<S> x(inputs);
  for (S& value : x) value = S(draw.normal(next++));
  g.forward(x);
  g.clamp_error(S(draw.normal(next++)));
  return g;
}

class RandomGraph : public testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, RandomGraph, testing::Range(std::uint64_t{0}, std::uint64_t{20}));

TEST_P(RandomGraph, AdjointsAreCentralDifferencesOfTheOutput) {
  auto g = random_graph<real>(GetParam(), 14);
  const auto a = g.adjoints(1);
  const auto by_parameter = g.parameter_adjoints(a);
  std::vector<real> x(g.v.begin(), g.v.begin() + 3);
  const auto value = [&] {
    g.forward(x);
    return g.prediction.back();
  };
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_NEAR(central_difference(x[i], value), a[i], difference_tolerance);
  for (std::size_t p = 0; p < g.parameters.size(); ++p)
    EXPECT_NEAR(central_difference(g.parameters[p], value), by_parameter[p], difference_tolerance);
}

TEST_P(RandomGraph, LiveGradientsAreCentralDifferencesOfTheEnergy) {
  auto g = random_graph<real>(GetParam(), 14);
  g.relax(live, g.simultaneous(), 5, 1, 0.05L);
  const auto stated = g.parameter_gradient();
  std::vector<real> slope;
  for (std::size_t i = 0; i < g.size(); ++i) slope.push_back(g.gradient(i));
  const auto energy = [&] {
    g.evaluate(live);
    // An input has no density of its own, and its prediction is only a copy of its value.
    real sum = 0;
    for (std::size_t i = 3; i < g.size(); ++i) sum += g.error[i] * g.error[i] / 2;
    return sum;
  };
  for (std::size_t i = 0; i < g.size(); ++i)
    EXPECT_NEAR(central_difference(g.v[i], energy), slope[i], difference_tolerance) << i;
  for (std::size_t p = 0; p < stated.size(); ++p)
    EXPECT_NEAR(central_difference(g.parameters[p], energy), stated[p], difference_tolerance) << p;
}

TEST_P(RandomGraph, EverySchedulesFixedPointIsBackpropagation) {
  const auto before = random_graph<double>(GetParam(), 16);
  const auto exact = before.adjoints(-before.error.back());
  const auto parameters = before.parameter_adjoints(exact);
  double scale = 1;
  for (const double a : exact) scale = std::max(scale, std::abs(a));
  const auto check = [&](const graph<double>& g, const char* schedule) {
    for (std::size_t i = 0; i < g.size(); ++i) {
      EXPECT_NEAR(g.is_input(i) ? g.gradient(i) : -g.error[i], exact[i], 1e-10 * scale)
          << schedule << ' ' << i;
    }
    for (std::size_t p = 0; p < parameters.size(); ++p)
      EXPECT_NEAR(g.parameter_gradient()[p], parameters[p], 1e-10 * scale) << schedule << ' ' << p;
  };
  auto g = before;
  g.settle();
  check(g, "exact sweep");
  g = before;
  g.relax(fixed, g.simultaneous(), 1000, 1, 0.1);
  check(g, "simultaneous");
  g = before;
  g.relax(fixed, g.simultaneous(), 16, 1, 1.0);  // no path is longer
  check(g, "simultaneous, eta = 1");
  g = before;
  g.relax(fixed, g.children_first(), 1000, 1, 0.1);
  check(g, "children first");
  g = before;
  g.relax(fixed, g.children_first(), 1, 1, 1.0);
  check(g, "children first, eta = 1, one sweep");
  g = before;
  g.relax(fixed, g.children_first(), 1, 400, 0.1);
  check(g, "blocked");
  g = before;
  g.relax(fixed, {{12, 13, 14}, {9, 10, 11}, {6, 7, 8}, {3, 4, 5}}, 1, 1000, 0.1);
  check(g, "blocks of three");
}

TEST_P(RandomGraph, ErrorAfterKSweepsIsTheSumOverPaths) {
  const auto before = random_graph<double>(GetParam(), 16);
  const auto paths = before.path_sums(before.error.back());
  for (const double eta : {0.1, 0.37, 1.0})
    for (const int k : {1, 2, 7, 40}) {
      auto simultaneous = before, ordered = before, blocked = before;
      simultaneous.relax(fixed, before.simultaneous(), k, 1, eta);
      ordered.relax(fixed, before.children_first(), k, 1, eta);
      blocked.relax(fixed, before.children_first(), 1, k, eta);
      for (std::size_t i = 3; i < before.output(); ++i) {
        std::array<double, 3> expected{};
        double scale = 1;
        for (std::size_t d = 1; d < before.size(); ++d) {
          const int n = static_cast<int>(d);
          expected[0] += paths[i][d] * binomial_tail(k, eta, n);
          expected[1] += paths[i][d] * binomial_tail(k + n - 1, eta, n);
          expected[2] += paths[i][d] * std::pow(1 - std::pow(1 - eta, k), n);
          scale += std::abs(paths[i][d]);
        }
        EXPECT_NEAR(simultaneous.error[i], expected[0], 1e-12 * scale) << eta << ' ' << k << ' ' << i;
        EXPECT_NEAR(ordered.error[i], expected[1], 1e-12 * scale) << eta << ' ' << k << ' ' << i;
        EXPECT_NEAR(blocked.error[i], expected[2], 1e-12 * scale) << eta << ' ' << k << ' ' << i;
      }
    }
}

// Fixed predictions follow no gradient: F rises from |e_output|^2 / 2 to the sum of all adjoints squared.
// Live ones descend.
TEST_P(RandomGraph, EnergyFallsWithLivePredictionsAndRisesWithFixedOnes) {
  auto g = random_graph<double>(GetParam(), 14);
  auto frozen = g;
  g.evaluate(live);
  double before = g.energy();
  for (int k = 0; k < 200; ++k) {
    g.relax(live, g.simultaneous(), 1, 1, 0.01);
    EXPECT_LE(g.energy(), before * (1 + 1e-15));
    before = g.energy();
  }
  double sum = 0;
  const auto a = frozen.adjoints(frozen.error.back());
  for (std::size_t i = 3; i < a.size(); ++i) sum += a[i] * a[i] / 2;
  const double start = frozen.energy();
  frozen.settle();
  EXPECT_NEAR(frozen.energy(), sum, 1e-10 * sum);
  EXPECT_GE(frozen.energy(), start);
}

// Live predictions let the output's prediction move towards its value. To first order in the output's first
// error e the equilibrium errors are a_i e / (1 + sum of all latent a^2), a = dp_output / dv: backpropagation
// of an output error that the whole graph shares, never of e itself.
TEST(ScalarGraph, LiveEquilibriumIsBackpropagationOfTheOutputErrorThatIsLeft) {
  for (const std::size_t depth : {1, 2, 4}) {
    const auto start = chain(depth);
    const auto a = start.adjoints(1);
    double share = 1;
    for (std::size_t i = 1; i < start.output(); ++i) share += a[i] * a[i];
    double before = 0;
    for (const double e : {1e-3, 1e-4, 1e-5}) {
      auto g = start;
      g.clamp_error(e);
      g.relax(live, g.simultaneous(), 2000, 1, 0.2);
      double off = 0;
      for (std::size_t i = 1; i < g.size(); ++i) off = std::max(off, std::abs(g.error[i] * share / e - a[i]));
      if (before != 0) {
        EXPECT_NEAR(off, before / 10, 2e-3 * before) << depth << ' ' << e;
      }
      before = off;
    }
  }
}

TEST(ScalarGraphErrors, NameTheVertex) {
  const auto message = [](std::vector<vertex<double>> v) -> std::string {
    try {
      graph<double>(std::move(v), {});
    } catch (const std::invalid_argument& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(message({{}, {{1}, {}, {}, {}}}), "scalar_graph: vertex 1: parent 1 does not come before it");
  EXPECT_EQ(message({{}, {{0}, {2}, {}, {}}}), "scalar_graph: vertex 1: there is no parameter 2");
  EXPECT_EQ(message({{}, {}}), "scalar_graph: the last vertex must have parents");
}

}  // namespace
}  // namespace freefall::by_hand::scalar_graph

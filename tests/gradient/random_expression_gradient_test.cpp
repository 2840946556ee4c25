// Derivatives of random expressions: reverse mode against differences, against forward mode, and Taylor's
// theorem.

#include <gtest/gtest.h>

#include <cmath>

#include "codegen/calculus/derivative.hpp"
#include "codegen/ir/interpret.hpp"
#include "codegen/ir/print.hpp"
#include "codegen/ir/verify.hpp"
#include "tests/support/central_difference.hpp"
#include "tests/support/random_expression.hpp"

namespace freefall {
namespace {

using namespace ir;
using Data = std::vector<long double>;

constexpr std::uint64_t kSeeds = 300;

// A random scalar, a point and a direction for each array.
struct Case {
  explicit Case(std::uint64_t seed, int depth = 4)
      : random(context, {.seed = seed}), f(random.scalar(depth)), environment(random.environment()) {
    for (const Tensor* t : random.tensors()) {
      directions.push_back(random.elements(environment.count(*t)));
      const Tensor* direction = context.tensor("d_" + t->name, t->axes, Role::input);
      environment.set(direction, directions.back());
      tangents.push_back({t, element(context, direction)});
    }
  }

  long double value_along(long double step) const {
    Environment<long double> moved = environment;
    for (std::size_t k = 0; k < random.tensors().size(); ++k) {
      Data x = environment.get(random.tensors()[k]);
      for (std::size_t i = 0; i < x.size(); ++i) x[i] += step * directions[k][i];
      moved.set(random.tensors()[k], x);
    }
    return evaluate_scalar(f, moved);
  }

  long double reverse() const {  // sum of gradient times direction
    const std::vector<Expr> gradients = calculus::gradients(f, random.tensors());
    long double out = 0;
    for (std::size_t k = 0; k < gradients.size(); ++k) {
      verify(gradients[k]);
      const Data g = evaluate(gradients[k], canonical_indices(random.tensors()[k]), environment).data;
      for (std::size_t i = 0; i < g.size(); ++i) out += g[i] * directions[k][i];
    }
    return out;
  }

  long double forward() const {
    const Expr d = calculus::directional_derivative(f, tangents);
    verify(d);
    return evaluate_scalar(d, environment);
  }

  Context context;
  test::RandomExpression random;
  Expr f;
  Environment<long double> environment;
  std::vector<Data> directions;
  std::vector<calculus::Tangent> tangents;
};

TEST(Gradient, EqualsCentralDifferencesOnRandomExpressions) {
  std::size_t compared = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Case c(seed);
    const test::Difference expected =
        test::derivative_at_zero([&](long double t) { return c.value_along(t); });
    // Where a choice switches inside the interval there is no derivative to compare with.
    if (!std::isfinite(expected.value) || expected.error > 1e-11L * (1 + std::fabs(expected.value))) continue;
    ++compared;
    EXPECT_NEAR(c.reverse(), expected.value, 1e-9L * (1 + std::fabs(expected.value)))
        << seed << ": " << print(c.f);
  }
  EXPECT_GT(compared, kSeeds * 9 / 10);
}

// <gradient, direction> == directional derivative: the two modes share a table but not an order of summation.
TEST(Gradient, ReverseEqualsForwardOnRandomExpressions) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Case c(seed);
    const long double reverse = c.reverse(), forward = c.forward();
    EXPECT_NEAR(reverse, forward, 1e-13L * (1 + std::fabs(forward))) << seed << ": " << print(c.f);
  }
}

// |f(x + t d) - f(x) - t <g, d>| = O(t^2): halving t divides the remainder by four.
TEST(Gradient, LeavesATaylorRemainderOfSecondOrder) {
  std::size_t compared = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Case c(seed);
    const long double f0 = c.value_along(0), slope = c.forward();
    const auto remainder = [&](long double t) { return std::fabs(c.value_along(t) - f0 - t * slope); };
    const long double t = 1e-5L, first = remainder(t), second = remainder(t / 2);
    // A remainder lost in rounding or a vanishing second derivative gives no slope.
    if (!std::isfinite(first) || first < 1e-10L * t * (1 + std::fabs(f0))) continue;
    ++compared;
    EXPECT_NEAR(std::log2(first / second), 2.0L, 0.05L) << seed << ": " << print(c.f);
  }
  EXPECT_GT(compared, kSeeds / 2);
}

// Forward over reverse: the Hessian-vector product, against differences of the gradient along the direction.
TEST(Gradient, OfTheGradientEqualsCentralDifferences) {
  std::size_t compared = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds / 4; ++seed) {
    const Case c(seed, 3);
    const Tensor* with_respect_to = c.random.tensors()[0];
    const Expr g = calculus::gradient(c.f, with_respect_to);
    const std::vector<Index> order = canonical_indices(with_respect_to);
    const Expr product = calculus::directional_derivative(g, c.tangents);
    verify(product);
    const Data found = evaluate(product, order, c.environment).data;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const test::Difference expected = test::derivative_at_zero([&](long double t) {
        Environment<long double> moved = c.environment;
        for (std::size_t k = 0; k < c.random.tensors().size(); ++k) {
          Data x = c.environment.get(c.random.tensors()[k]);
          for (std::size_t n = 0; n < x.size(); ++n) x[n] += t * c.directions[k][n];
          moved.set(c.random.tensors()[k], x);
        }
        return evaluate(g, order, moved).data[i];
      });
      if (!std::isfinite(expected.value) || expected.error > 1e-11L * (1 + std::fabs(expected.value)))
        continue;
      ++compared;
      EXPECT_NEAR(found[i], expected.value, 1e-9L * (1 + std::fabs(expected.value)))
          << seed << ": " << print(c.f);
    }
  }
  EXPECT_GT(compared, 100U);
}

}  // namespace
}  // namespace freefall

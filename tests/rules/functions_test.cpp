// Every row of the table of functions: the derivative against differences over the domain, in extended
// precision.

#include "codegen/ir/functions.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "codegen/calculus/derivative.hpp"
#include "codegen/ir/interpret.hpp"
#include "codegen/ir/print.hpp"
#include "tests/support/central_difference.hpp"

namespace freefall {
namespace {

using namespace ir;

// Points inside the domain of each function, away from its kinks.
const std::vector<long double>& points(Function f) {
  static const std::vector<long double> all{-30, -5, -1.5L, -0.7L, -0.1L, 0.1L, 0.4L, 1.2L, 3, 8, 25};
  static const std::vector<long double> positive{0.05L, 0.3L, 0.9L, 1.5L, 4, 60};
  static const std::vector<long double> above_minus_one{-0.95L, -0.5L, -0.1L, 0.2L, 1, 9};
  static const std::vector<long double> orders{1, 2, 3, 6};
  static const std::vector<long double> unit{0.04L, 0.2L, 0.5L, 0.7L, 0.9L};
  static const std::vector<long double> between_poles{-1.2L, -0.7L, -0.1L, 0.3L, 1.1L, 3, 6};
  static const std::map<Function, const std::vector<long double>*> domain{
      {Function::log_probability, &positive},
      {Function::xlogx, &positive},
      {Function::log, &positive},
      {Function::sqrt, &positive},
      {Function::pow, &positive},
      {Function::tan, &between_poles},
      {Function::log1p, &above_minus_one},
      {Function::log_gamma, &positive},
      {Function::digamma, &positive},
      {Function::trigamma, &positive},
      {Function::polygamma, &orders},
      {Function::continuous_bernoulli_quantile, &unit}};
  const auto at = domain.find(f);
  return at == domain.end() ? all : *at->second;
}

TEST(Functions, HaveDerivativesThatAgreeWithDifferences) {
  for (const FunctionRow& row : functions()) {
    Context context;
    std::vector<const Tensor*> x;
    std::vector<Expr> args;
    for (int k = 0; k < row.arity; ++k) {
      x.push_back(context.tensor("x" + std::to_string(k), {}, Role::variable));
      args.push_back(element(context, x.back()));
    }
    const Expr f = row.arity == 0 ? make_pi(context) : make_map(row.function, args);
    const std::vector<Expr> derivatives = calculus::gradients(f, x);
    for (const long double first : points(row.function)) {
      Environment<long double> environment{Sizes{}};
      std::vector<long double> at{first, 0.37L};
      for (std::size_t k = 0; k < x.size(); ++k) environment.set(x[k], {at[k]});
      EXPECT_EQ(evaluate_scalar(f, environment), row.value(at.data())) << row.name;
      for (std::size_t k = 0; k < x.size(); ++k) {
        const test::Difference expected = test::derivative_at_zero(
            [&](long double t) {
              std::vector<long double> moved = at;
              moved[k] += t;
              return row.value(moved.data());
            },
            std::fmin(0.02L, std::fabs(first) / 8));
        EXPECT_NEAR(evaluate_scalar(derivatives[k], environment), expected.value,
                    1e-11L * (1 + std::fabs(expected.value)))
            << row.name << " at " << static_cast<double>(first) << ", argument " << k << ": "
            << print(derivatives[k]);
      }
    }
  }
}

// psi(1) is minus the Euler-Mascheroni constant, psi'(1) = pi^2 / 6, psi''(1) = -2 zeta(3), psi(1/2) = psi(1)
// - 2 ln 2, psi'(1/2) = pi^2 / 2 (Abramowitz and Stegun 1972, 6.3.2, 6.3.3, 6.4.2, 6.4.4, 23.2.24).
TEST(Functions, DerivativesOfTheLogGammaFunctionHaveTheirClosedForms) {
  constexpr long double euler = 0.577215664901532860606512L, zeta3 = 1.202056903159594285399738L,
                        pi = 3.141592653589793238462643L, u = 1e-18L;
  const auto value = [](Function f, std::vector<long double> x) { return row(f).value(x.data()); };
  EXPECT_NEAR(value(Function::digamma, {1}), -euler, u);
  EXPECT_NEAR(value(Function::digamma, {0.5L}), -euler - 2 * std::log(2.0L), 4 * u);
  EXPECT_NEAR(value(Function::trigamma, {1}), pi * pi / 6, 4 * u);
  EXPECT_NEAR(value(Function::trigamma, {0.5L}), pi * pi / 2, 8 * u);
  EXPECT_NEAR(value(Function::polygamma, {2, 1}), -2 * zeta3, 4 * u);
  EXPECT_NEAR(value(Function::polygamma, {0, 1e8L}), std::log(1e8L) - 0.5e-8L, 32 * u);
  EXPECT_TRUE(std::isnan(value(Function::digamma, {0})));
  EXPECT_TRUE(std::isnan(value(Function::trigamma, {-1.5L})));
}

TEST(Functions, AreFoundByName) {
  for (const FunctionRow& row : functions()) {
    EXPECT_EQ(find_function(row.name), &row);
    EXPECT_EQ(&ir::row(row.function), &row);
  }
  EXPECT_EQ(find_function("no such function"), nullptr);
}

TEST(Functions, StayFiniteWhereTheirValueIs) {
  const auto value = [](Function f, long double x) { return row(f).value(&x); };
  EXPECT_EQ(value(Function::sigmoid, -20000), 0);
  EXPECT_EQ(value(Function::sigmoid, 20000), 1);
  EXPECT_EQ(value(Function::softplus, 20000), 20000);
  EXPECT_EQ(value(Function::softplus, -20000), 0);
  EXPECT_EQ(value(Function::gelu, -200), 0);
  EXPECT_EQ(value(Function::log_probability, 0), std::log(1e-16L));
  EXPECT_EQ(value(Function::xlogx, 0), 0);
}

}  // namespace
}  // namespace freefall

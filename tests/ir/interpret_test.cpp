// The interpreter against loops and numbers written by hand.

#include "codegen/ir/interpret.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "codegen/ir/parse.hpp"

namespace freefall {
namespace {

using namespace ir;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

class Interpreter : public ::testing::Test {
 protected:
  Interpreter() : environment({{{"n", 3}, {"m", 2}, {"one", 1}}}) {
    const Axis* n = context.axis("n");
    const Axis* m = context.axis("m");
    set("W", {m, n}, {1, 2, 3, 4, 5, 6});
    set("x", {n}, {1, -1, 2});
    set("y", {m}, {0.5, -2});
    set("A", {n, n}, {4, 1, 0, 1, 3, 1, 0, 1, 2});
    set("s", {}, {2});
    set("masked", {n}, {-kInfinity, 0, -kInfinity});
    set("index", {m}, {2, 0});
  }
  void set(const char* name, const std::vector<const Axis*>& axes, const std::vector<double>& data) {
    environment.set(context.tensor(name, axes, Role::input), data);
  }
  std::vector<double> value(const char* text) { return evaluate(parse(context, text), environment).data; }
  double scalar(const char* text) { return evaluate_scalar(parse(context, text), environment); }

  Context context;
  Environment<double> environment;
};

TEST_F(Interpreter, MultipliesAMatrixByAVector) {
  EXPECT_EQ(value("sum{n}(W[m, n] * x[n])"), (std::vector<double>{1 - 2 + 6, 4 - 5 + 12}));
  EXPECT_EQ(scalar("sum{m, n}(y[m] * W[m, n] * x[n])"), 0.5 * 5 - 2 * 11);
}

TEST_F(Interpreter, OrdersAndRepeatsAsTheCallerAsks) {
  const Expr w = parse(context, "W[m, n]");
  const Index m{context.axis("m"), 0}, n{context.axis("n"), 0};
  EXPECT_EQ(evaluate(w, {n, m}, environment).data, (std::vector<double>{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(evaluate(parse(context, "y[m]"), {m, n}, environment).data,
            (std::vector<double>{.5, .5, .5, -2, -2, -2}));
  EXPECT_THROW(evaluate(w, {n}, environment), std::invalid_argument);
}

TEST_F(Interpreter, ReadsZeroOutsideATensor) {
  EXPECT_EQ(value("x[n - 1]"), (std::vector<double>{0, 1, -1}));
  EXPECT_EQ(value("x[2 n]"), (std::vector<double>{1, 2, 0}));
  EXPECT_EQ(value("gather(x, index[m] + 1)"), (std::vector<double>{0, -1}));
}

TEST_F(Interpreter, LetsAnIndicatorThatIsZeroDecideAProduct) {
  EXPECT_EQ(value("range(n, n - 1) / x[n - 1]"), (std::vector<double>{0, 1, -1}));
  EXPECT_EQ(value("delta(n, 1) * position(n)"), (std::vector<double>{0, 1, 0}));
}

TEST_F(Interpreter, TakesOneBranchOfAChoice) {
  EXPECT_EQ(value("select(x[n], log(x[n]), 7)"), (std::vector<double>{0, 7, std::log(2.0)}));
  EXPECT_EQ(value("select(-x[n], 1, 0) / (x[n] - 1)"), (std::vector<double>{0, -0.5, 0}));
}

TEST_F(Interpreter, CountsValuesOfAxes) {
  EXPECT_EQ(scalar("extent(n) * extent(m)"), 6);
  EXPECT_EQ(value("position(2 n - 1)"), (std::vector<double>{-1, 1, 3}));
}

TEST_F(Interpreter, ReducesStably) {
  EXPECT_EQ(value("max{n}(W[m, n])"), (std::vector<double>{3, 6}));
  EXPECT_NEAR(scalar("log_sum_exp{n}(1000 x[n])"), 2000, 1e-12);
  EXPECT_EQ(scalar("log_sum_exp{n}(masked[n])"), 0);
  EXPECT_EQ(scalar("log_sum_exp{n}(masked[n] + log(0 * s))"), -kInfinity);
  EXPECT_EQ(value("softmax{n}(masked[n])[n]"), (std::vector<double>{0, 1, 0}));
  const double total = std::exp(1.0) + std::exp(-1.0) + std::exp(2.0);
  const std::vector<double> p = value("softmax{n}(x[n])[n - 1]");
  EXPECT_EQ(p[0], 0);
  EXPECT_NEAR(p[1], std::exp(1.0) / total, 1e-15);
  EXPECT_NEAR(p[2], std::exp(-1.0) / total, 1e-15);
}

// det A = 4 (6 - 1) - 1 (2 - 0) = 18; the inverse is the adjugate over 18.
TEST_F(Interpreter, FactorisesPositiveDefiniteMatrices) {
  EXPECT_NEAR(scalar("log_det{n, n'}(A[n, n'])"), std::log(18.0), 1e-14);
  const std::vector<double> expected{5, -2, 1, -2, 8, -4, 1, -4, 11};
  const std::vector<double> found = value("18 inverse{n, n'}(A[n, n'])[n, n']");
  for (std::size_t k = 0; k < 9; ++k) EXPECT_NEAR(found[k], expected[k], 1e-13);
  try {
    scalar("log_det{n, n'}(-A[n, n'])");
    FAIL();
  } catch (const std::domain_error& error) {
    EXPECT_STREQ(error.what(), "LogDet over 'n' of a matrix that is not positive definite: pivot 0 is -4");
  }
}

TEST_F(Interpreter, ReadsFrozenValuesOfTheNamedPoint) {
  EXPECT_THROW(scalar("freeze{before}(s)"), std::invalid_argument);
  environment.freeze("before");
  environment.set(context.find_tensor("s"), {5});
  EXPECT_EQ(scalar("s * freeze{before}(s + 1)"), 15);
}

TEST_F(Interpreter, DrawsByStreamAndElement) {
  EXPECT_THROW(value("draw{noise}[n]"), std::invalid_argument);
  environment.set_draw([](std::string_view stream, const std::vector<std::int64_t>& at) {
    return static_cast<double>(stream.size()) + 0.1 * static_cast<double>(at[0]);
  });
  EXPECT_EQ(value("draw{noise}[n + 1]"), (std::vector<double>{5.1, 5.2, 5.3}));
}

TEST_F(Interpreter, NamesWhatIsMissing) {
  const auto message = [&](const char* text) -> std::string {
    try {
      value(text);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  context.tensor("unset", {context.axis("n")}, Role::input);
  context.axis("unsized");
  EXPECT_EQ(message("unset[n]"), "'unset' has no value; set it before evaluating");
  EXPECT_EQ(message("extent(unsized)"), "axis 'unsized' has no size; give it one");
  try {
    environment.set(context.find_tensor("W"), {1});
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "'W' [m = 2, n = 3] has 6 elements, found 1");
  }
}

}  // namespace
}  // namespace freefall

// What the make_ functions promise: one node for equal expressions, and no redex.

#include <gtest/gtest.h>

#include <stdexcept>

#include "codegen/ir/expand.hpp"
#include "codegen/ir/interpret.hpp"
#include "codegen/ir/parse.hpp"
#include "codegen/ir/print.hpp"
#include "codegen/ir/verify.hpp"

namespace freefall {
namespace {

using namespace ir;

class Construction : public ::testing::Test {
 protected:
  Construction() {
    for (const char* name : {"i", "j", "k", "o"}) context.axis(name);
    declare("W", {"o", "i"});
    declare("K", {"k"});
    declare("S", {"i", "i"});
    declare("x", {"i"});
    declare("y", {"i"});
    declare("z", {"j"});
    declare("e", {"o"});
    declare("s", {});
    declare("t", {});
  }
  void declare(const char* name, const std::vector<const char*>& axes) {
    std::vector<const Axis*> found;
    for (const char* axis : axes) found.push_back(context.axis(axis));
    context.tensor(name, found, Role::parameter);
  }
  Expr at(const char* name, std::vector<Subscript> subscripts) {
    return make_access(context, context.find_tensor(name), std::move(subscripts));
  }
  Index index(const char* axis, int level = 0) { return {context.axis(axis), level}; }
  Expr read(const char* text) { return parse(context, text); }
  Expr number(int n) { return make_constant(context, n); }

  Context context;
};

TEST_F(Construction, GivesEqualExpressionsOneNode) {
  const std::size_t before = context.size();
  const Expr a = at("x", {index("i")}) * at("s", {}) + at("t", {});
  const std::size_t after = context.size();
  const Expr b = at("t", {}) + at("s", {}) * at("x", {index("i")});
  EXPECT_EQ(a, b);
  EXPECT_GT(after, before);
  EXPECT_EQ(context.size(), after);
}

TEST_F(Construction, CollectsTermsAndFactors) {
  EXPECT_EQ(read("s + t + s - 2 s"), read("t"));
  EXPECT_EQ(read("s * t * s / t"), read("s^2"));
  EXPECT_EQ(read("2 * (s + 1/2 t)"), read("2 s + t"));
  EXPECT_TRUE(read("0 * s")->is_constant(0));
  EXPECT_TRUE(read("s / s")->is_constant(1));
}

TEST_F(Construction, SharesAFactorThatOccursWithOtherCoefficients) {
  EXPECT_EQ(read("(2 s - 2 t) * x[i]"), read("2 * ((s - t) * x[i])"));
  EXPECT_EQ(read("(t - s)^2"), read("(s - t)^2"));
  EXPECT_EQ(read("x[i] / (2 s + 2 t)"), read("1/2 x[i] / (s + t)"));
  EXPECT_EQ(read("1 / (2 s + 2 t)"), read("1/2 / (s + t)"));
}

TEST_F(Construction, IdentifiesExpressionsUpToNamesOfBoundIndices) {
  const auto square = [&](int first, int second) {
    const Index a = index("i", first), b = index("i", second);
    return make_contract({a, b}, at("x", {a}) * at("S", {a, b}) * at("y", {b}));
  };
  EXPECT_EQ(square(1, 2), square(2, 1));
  EXPECT_EQ(square(1, 2), square(7, 3));
  const Index a = index("i", 1), b = index("i", 2);
  const Expr first_inside =
      make_contract({b}, make_contract({a}, at("x", {a}) * at("S", {a, b}) * at("y", {b})));
  const Expr second_inside =
      make_contract({a}, make_contract({b}, at("x", {a}) * at("S", {a, b}) * at("y", {b})));
  // Which sum is done first is kept; the distributed form does not know.
  EXPECT_NE(first_inside, second_inside);
  EXPECT_EQ(expand(first_inside), square(1, 2));
  EXPECT_EQ(expand(second_inside), square(1, 2));
  // A transpose is another expression.
  EXPECT_NE(square(1, 2), make_contract({a, b}, at("y", {a}) * at("S", {a, b}) * at("x", {b})));
}

TEST_F(Construction, DistinguishesNestedBindersOfOneAxis) {
  const Expr e = read("sum{i#1}(x[i#1] * tanh(sum{i#2}(S[i#1, i#2] * x[i#2])))");
  const Expr renamed = read("sum{i#9}(x[i#9] * tanh(sum{i#3}(S[i#9, i#3] * x[i#3])))");
  const Expr transposed = read("sum{i#1}(x[i#1] * tanh(sum{i#2}(S[i#2, i#1] * x[i#2])))");
  EXPECT_EQ(e, renamed);
  EXPECT_NE(e, transposed);
  verify(e);
}

TEST_F(Construction, FindsTheSameLabelsForManyIndicesOfOneAxis) {
  // A chain through six indices, closed by x at one end: built with the bound indices named in any rotation.
  const auto chain = [&](int rotation) {
    std::vector<Index> bound;
    for (int n = 0; n < 6; ++n) bound.push_back(index("i", 1 + (n + rotation) % 6));
    Expr body = at("x", {bound[0]});
    for (std::size_t n = 0; n + 1 < 6; ++n) body = body * at("S", {bound[n], bound[n + 1]});
    return make_contract(bound, body);
  };
  for (int rotation = 1; rotation < 6; ++rotation) EXPECT_EQ(chain(rotation), chain(0));
}

TEST_F(Construction, KnowsThatAnAntisymmetricSumVanishes) {
  EXPECT_TRUE(read("sum{i#1, i#2}((x[i#1] - x[i#2]) * S[i#1, i#2] * S[i#2, i#1])")->is_constant(0));
  EXPECT_FALSE(read("sum{i#1, i#2}((x[i#1] - x[i#2])^2 * S[i#1, i#2] * S[i#2, i#1])")->is_constant(0));
}

TEST_F(Construction, SplitsAContractionIntoIndependentOnes) {
  EXPECT_EQ(read("sum{i#1, j#2}(s * x[i#1] * z[j#2])"), read("s * sum{i#1}(x[i#1]) * sum{j#1}(z[j#1])"));
  EXPECT_EQ(read("sum{i#1, j#2}(x[i#1])"), read("extent(j) * sum{i#1}(x[i#1])"));
  EXPECT_EQ(read("sum{i#1}(3 e[o] * x[i#1])"), read("3 e[o] * sum{i#1}(x[i#1])"));
  EXPECT_EQ(read("sum{i#1}(1)"), read("extent(i)"));
}

TEST_F(Construction, EliminatesDeltasOverBoundIndices) {
  EXPECT_EQ(read("sum{i#1}(x[i#1] * delta(i#1, i))"), read("x[i]"));
  EXPECT_EQ(read("sum{i#1, i#2}(S[i#1, i#2] * delta(i#1, i#2))"), read("sum{i#1}(S[i#1, i#1])"));
  EXPECT_EQ(read("sum{i#1}(delta(i#1, i))"), number(1));
  EXPECT_EQ(read("sum{i#1}(x[i#1] * delta(i#1, 2))"), read("x[2] * range(i, 2)"));
  EXPECT_EQ(read("delta(2 i, 2 j + 2)"), read("delta(j + 1, i)"));
  EXPECT_TRUE(read("delta(2 i, 2 j + 1)")->is_constant(0));
  EXPECT_EQ(read("delta(i, j)^2"), read("delta(i, j)"));
}

// y[o] = sum_k K[k] x[o + k]: the adjoint with respect to x gathers with a guard.
TEST_F(Construction, GuardsTheAdjointOfAConvolution) {
  const Expr adjoint = read("sum{k#1, o#2}(e[o#2] * K[k#1] * delta(o#2 + k#1, i))");
  EXPECT_EQ(adjoint, read("sum{k#1}(e[i - k#1] * K[k#1] * range(o, i - k#1))")) << print(adjoint);
  // In another order of names the other index may be eliminated; the choice must not depend on the order
  // given.
  EXPECT_EQ(adjoint, read("sum{o#1, k#2}(delta(i, o#1 + k#2) * K[k#2] * e[o#1])"));
  Environment<double> environment({{{"i", 4}, {"k", 2}, {"o", 3}}});
  environment.set(context.find_tensor("K"), {10, 1});
  environment.set(context.find_tensor("e"), {1, 2, 3});
  // By hand: x0 += 10 e0; x1 += e0 + 10 e1; x2 += e1 + 10 e2; x3 += e2.
  EXPECT_EQ(evaluate(adjoint, environment).data, (std::vector<double>{10, 21, 32, 3}));
}

TEST_F(Construction, MovesProductsIntoTheLiveBranchOfAGuard) {
  EXPECT_EQ(read("select(s, t, 0) * x[i] / s"), read("select(s, t * x[i] / s, 0)"));
  EXPECT_EQ(read("select(s, t, 0)^2 / s"), read("select(s, t^2 / s, 0)"));
  EXPECT_EQ(read("2 * (select(s, t, 0) * x[i])"), read("(2 x[i]) * select(s, t, 0)"));
  EXPECT_EQ(read("select(s, 3, 0) * t"), read("3 select(s, t, 0)"));
  // Also where the guard is a sum of choices by one condition.
  EXPECT_EQ(read("(select(s, t, 0) + 2 * select(s, x[i], 0)) / s"), read("select(s, (t + 2 * x[i]) / s, 0)"));
  EXPECT_EQ(read("(select(s, 0, t) - select(s, 0, x[i])) / s"), read("select(s, 0, (t - x[i]) / s)"));
  EXPECT_EQ(read("select(s, select(s, t, 2), 4)"), read("select(s, t, 4)"));
  EXPECT_EQ(read("select(1, s, t)"), read("s"));
}

TEST_F(Construction, SubstitutesWithoutCapture) {
  const Expr e = read("sum{i#1}(S[i, i#1] * x[i#1])");
  const Expr renamed = substitute(e, {{index("i"), index("i", 1)}});
  EXPECT_EQ(renamed, read("sum{i#1}(S[i', i#1] * x[i#1])"));
  // Simultaneous: a swap is its own inverse.
  const Expr both = read("S[i, i'] * x[i]");
  const Substitution swap{{index("i"), index("i", 1)}, {index("i", 1), index("i")}};
  EXPECT_EQ(substitute(both, swap), read("S[i', i] * x[i']"));
  EXPECT_EQ(substitute(substitute(both, swap), swap), both);
}

TEST_F(Construction, SubstitutesALabelOfAnOuterBinderWithoutCapture) {
  const Expr inner = read("tanh(sum{i#1}(S[i, i#1] * (x[i#1] + y[i])))");  // its label is i#1
  const Index label{context.axis("i"), -1};
  const Expr open = substitute(inner, {{index("i"), label}});
  EXPECT_EQ(open->free, std::vector<Index>{label});
  EXPECT_EQ(make_contract({label}, open), make_contract({index("i")}, inner));
  verify(make_contract({label}, open));
}

// A rewrite that puts a deeper expression under a binder must not let the labels meet.
TEST_F(Construction, ReplacesUnderBindersWithoutCapture) {
  const Expr e = read("sum{i#1}(tanh(x[i#1] * s) * y[i#1])");
  const Expr deep = read("sum{i#1}(x[i#1] + tanh(sum{i#2}(S[i#1, i#2] + x[i#2])))");
  const Expr replaced = replace(e, {{read("s"), deep}});
  EXPECT_EQ(
      replaced,
      read("sum{i#9}(tanh(x[i#9] * sum{i#1}(x[i#1] + tanh(sum{i#2}(S[i#1, i#2] + x[i#2])))) * y[i#9])"));
  verify(replaced);
  // The node replaced mentions the bound index itself.
  const Expr body_element =
      make_access(context, context.find_tensor("x"), {Subscript(Index{context.axis("i"), -1})});
  const Expr row =
      substitute(read("sum{i#1}(tanh(S[i, i#1] + y[i]))"), {{index("i"), Index{context.axis("i"), -1}}});
  const Expr under = replace(e, {{body_element, row}});
  EXPECT_EQ(under, read("sum{i#9}(tanh(s * sum{i#1}(tanh(S[i#9, i#1] + y[i#9]))) * y[i#9])")) << print(under);
  verify(under);
}

// The subscript of a softmax or an inverse stands outside it: a label there means a binder further out,
// whatever the labels inside are.
TEST_F(Construction, SubstitutesASubscriptThatHasTheLabelOfItsOwnBinder) {
  const Expr inverse = read("inverse{i#1, i#2}(S[i#1, i#2])[i, 0]");
  const Index own = inverse->bound[1];
  const Expr shadowed = substitute(inverse, {{index("i"), Subscript(own)}});
  EXPECT_EQ(substitute(shadowed, {{own, Subscript(index("i"))}}), inverse);
}

TEST_F(Construction, ADistributionSumsToOne) {
  EXPECT_EQ(read("sum{i#1}(softmax{i}(x[i])[i#1])"), read("1"));
  EXPECT_EQ(read("sum{i#1, j}(softmax{i}(x[i] * z[j])[i#1] * z[j])"), read("sum{j}(z[j])"));
  // p(i, j) = p(i) p(j | i): what is left over i is its marginal
  EXPECT_EQ(read("sum{j#1}(softmax{i}(log_sum_exp{j}(x[i] * z[j]))[i] * softmax{j}(x[i] * z[j])[j#1])"),
            read("softmax{i}(log_sum_exp{j}(x[i] * z[j]))[i]"));
}

TEST_F(Construction, WhatIsNoWholeDistributionIsSummed) {
  for (const char* text : {
           "sum{i#1}(softmax{i}(x[i])[i#1] * y[i#1])",  // an expectation
           "sum{i#1}(softmax{i}(x[i])[i#1]^2)",         //
           "sum{i#1}(softmax{i}(S[i, i#1])[i#1])",      // of another distribution each
           "sum{i#1}(softmax{i}(x[i])[i#1 - 1])",       // without the last
       })
    EXPECT_EQ(read(text)->op, Op::Contract) << text;
}

TEST_F(Construction, ReducesOverWhatDoesNotVaryInClosedForm) {
  EXPECT_EQ(read("softmax{j}(x[i])[j]"), read("1 / extent(j)"));
  EXPECT_EQ(read("softmax{j}(x[i])[i - 1]"), read("range(j, i - 1) / extent(j)"));
  EXPECT_EQ(read("log_sum_exp{j}(x[i])"), read("x[i] + log(extent(j))"));
  EXPECT_EQ(read("log_sum_exp{i, j}(x[i])"), read("log_sum_exp{i}(x[i]) + log(extent(j))"));
  EXPECT_EQ(read("max{j}(x[i])"), read("x[i]"));
}

TEST_F(Construction, FoldsFunctionsOfNumbers) {
  EXPECT_EQ(read("log(exp(s))"), read("s"));
  EXPECT_EQ(read("exp(log(s))"), read("s"));
  EXPECT_TRUE(read("log(1)")->is_constant(0));
  EXPECT_TRUE(read("tanh(0)")->is_constant(0));
}

TEST_F(Construction, NamesTheTensorWhenSubscriptsAreWrong) {
  try {
    at("W", {index("o")});
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "'W' has 2 axes but is accessed with 1 subscripts");
  }
}

TEST_F(Construction, VerifyNamesTheBrokenInvariant) {
  Node broken;
  broken.op = Op::Sum;
  broken.args = {read("s"), read("t")};
  broken.weights = {1, 0};
  const Expr e = context.intern(std::move(broken));
  try {
    verify(e);
    FAIL();
  } catch (const std::logic_error& error) {
    EXPECT_NE(std::string(error.what()).find("a Sum node breaks 'weights are not zero'"), std::string::npos)
        << error.what();
  }
  EXPECT_THROW(verify(substitute(read("x[i]"), {{index("i"), Index{context.axis("i"), -1}}})),
               std::logic_error);
}

}  // namespace
}  // namespace freefall

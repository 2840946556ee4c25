// Rules as people write them.

#include "codegen/report/matrix_form.hpp"

#include <gtest/gtest.h>

#include "codegen/ir/parse.hpp"

namespace freefall::report {
namespace {

using namespace ir;

class MatrixForm : public ::testing::Test {
 protected:
  MatrixForm() {
    i = c.axis("i");
    j = c.axis("j");
    k = c.axis("k");
    const Axis* batch = c.axis("batch", true);
    const Axis* t = c.axis("t");
    c.tensor("W", {i, j}, Role::parameter);
    c.tensor("V", {j, k}, Role::parameter);
    c.tensor("P", {i, i}, Role::parameter);
    c.tensor("x", {j}, Role::variable);
    c.tensor("z", {k}, Role::variable);
    c.tensor("e", {i}, Role::variable);
    c.tensor("s", {}, Role::input);
    c.tensor("h", {batch, i}, Role::variable);
    c.tensor("y", {batch, j}, Role::variable);
    c.tensor("m", {t, i}, Role::variable);
    c.tensor("cube", {i, j, k}, Role::parameter);
  }
  std::string form(const char* text, std::vector<Index> order = {}) {
    const Expr e = parse(c, text);
    return matrix_form(e, order.empty() ? e->free : order);
  }
  Context c;
  const Axis *i, *j, *k;
};

TEST_F(MatrixForm, OfContractionsIsAProduct) {
  EXPECT_EQ(form("sum{j#1}(W[i, j#1] * x[j#1])"), "W x");
  EXPECT_EQ(form("sum{i#1}(W[i#1, j] * e[i#1])"), "W^T e");
  EXPECT_EQ(form("sum{j#1}(W[i, j#1] * sum{k#1}(V[j#1, k#1] * z[k#1]))"), "W (V z)");
  EXPECT_EQ(form("sum{j#1, k#2}(W[i, j#1] * V[j#1, k#2] * z[k#2])"), "W (V z)");
  EXPECT_EQ(form("sum{j#1}(W[i, j#1] * V[j#1, k])"), "W V");
}

TEST_F(MatrixForm, OfTheRuleOfPredictiveCodingHasTheTransposeAndTheSlope) {
  EXPECT_EQ(form("x[j] - sum{i#1}(W[i#1, j] * (1 - tanh(s * e[i#1])^2) * e[i#1])"),
            "x - W^T (e .* tanh'(s e))");
}

TEST_F(MatrixForm, OfPairsOfVectorsIsOuterAndInner) {
  EXPECT_EQ(form("e[i] * x[j]", {{i, 0}, {j, 0}}), "e x^T");
  EXPECT_EQ(form("e[i] * x[j]", {{j, 0}, {i, 0}}), "x e^T");
  EXPECT_EQ(form("sum{j#1}(x[j#1]^2)"), "sum(x.^2)");
  EXPECT_EQ(form("sum{i#1}(e[i#1] * h[batch, i#1])"), "e^T h");
  EXPECT_EQ(form("sum{i#1, i#2}(e[i#1] * P[i#1, i#2] * e[i#2])"), "e^T P e");
}

TEST_F(MatrixForm, LeavesCopiesOutButForTheirSums) {
  EXPECT_EQ(form("sum{batch#1}(h[batch#1, i] * y[batch#1, j]) / extent(batch)"),
            "sum_batch(h y^T) / n_batch");
}

TEST_F(MatrixForm, ShowsAnEarlierTick) { EXPECT_EQ(form("m[t, i] - s * m[t - 1, i]"), "m - s m[t - 1]"); }

TEST_F(MatrixForm, OfQuotientsAndPowersIsElementByElement) {
  EXPECT_EQ(form("e[i]^2 / (1 + e[i])"), "e.^2 ./ (e + 1)");
  EXPECT_EQ(form("s^2 / 2"), "1/2 s^2");
}

TEST_F(MatrixForm, OfInverseIsInv) {
  EXPECT_EQ(form("sum{i#4}(inverse{i#1, i#2}(P[i#1, i#2])[i, i#4] * e[i#4])"), "inv(P) e");
}

TEST_F(MatrixForm, FallsBackToIndices) {
  EXPECT_EQ(form("sum{k#1}(cube[i, j, k#1] * z[k#1])"), "{sum{k#1}(cube[i, j, k#1] * z[k#1])}");
}

TEST_F(MatrixForm, UsesNames) {
  MatrixNames names;
  names.parts.push_back({"eps", parse(c, "e[i] - sum{j#1}(W[i, j#1] * x[j#1])"), {}});
  const Expr e = parse(c, "sum{i#1}(W[i#1, j] * (e[i#1] - sum{j#1}(W[i#1, j#1] * x[j#1])))");
  EXPECT_EQ(matrix_form(e, e->free, names), "W^T eps");
}

}  // namespace
}  // namespace freefall::report

// The derivative of each kind of node, reverse and forward, element by element against differences.

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "codegen/calculus/derivative.hpp"
#include "codegen/ir/interpret.hpp"
#include "codegen/ir/parse.hpp"
#include "codegen/ir/print.hpp"
#include "codegen/ir/verify.hpp"
#include "tests/support/central_difference.hpp"

namespace freefall {
namespace {

using namespace ir;
using Data = std::vector<long double>;

struct Row {
  const char* node;
  const char* text;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.text; }

class NodePartials : public ::testing::TestWithParam<Row> {};

TEST_P(NodePartials, AgreeWithDifferences) {
  std::mt19937_64 random(11);
  for (int trial = 0; trial < 4; ++trial) {
    Context context;
    const Axis* i = context.axis("i");
    const Axis* j = context.axis("j");
    const Axis* k = context.axis("k");
    const std::vector<const Tensor*> tensors{
        context.tensor("W", {i, j}, Role::parameter), context.tensor("S", {i, i}, Role::parameter),
        context.tensor("x", {j}, Role::variable),     context.tensor("y", {i}, Role::variable),
        context.tensor("K", {k}, Role::parameter),    context.tensor("s", {}, Role::parameter)};
    Environment<long double> environment(
        {{{"i", 1 + random() % 4}, {"j", 1 + random() % 5}, {"k", 1 + random() % 3}}});
    const auto elements = [&](std::size_t n) {
      Data out(n);
      for (long double& e : out) e = static_cast<long double>(random() % 2001) / 1000.0L - 1.0003L;
      return out;
    };
    std::vector<calculus::Tangent> tangents;
    for (const Tensor* t : tensors) {
      environment.set(t, elements(environment.count(*t)));
      const Tensor* d = context.tensor("d" + t->name, t->axes, Role::input);
      environment.set(d, elements(environment.count(*t)));
      tangents.push_back({t, element(context, d)});
    }
    environment.set_draw([](std::string_view, const std::vector<std::int64_t>&) { return 0.25L; });
    environment.freeze("start");

    const Expr f = parse(context, GetParam().text);
    if (trial == 0) {
      bool occurs = false;
      for (const Expr e : topological({f})) occurs |= std::string(name(e->op)) == GetParam().node;
      EXPECT_TRUE(occurs) << print(f);
    }
    const auto difference = [&](Expr e, const std::vector<Index>& order, std::size_t at, auto&& direction) {
      return test::derivative_at_zero([&](long double t) {
        Environment<long double> moved = environment;
        for (std::size_t n = 0; n < tensors.size(); ++n) {
          Data data = environment.get(tensors[n]);
          for (std::size_t m = 0; m < data.size(); ++m) data[m] += t * direction(n, m);
          moved.set(tensors[n], data);
        }
        return evaluate(e, order, moved).data[at];
      });
    };
    const auto expect_near = [&](long double found, const test::Difference& expected,
                                 const std::string& what) {
      EXPECT_NEAR(found, expected.value, 1e-11L * (1 + std::fabs(expected.value)))
          << what << " of " << print(f);
    };

    // Forward, over the free indices.
    const Expr forward = calculus::directional_derivative(f, tangents);
    verify(forward);
    const Data along = evaluate(forward, f->free, environment).data;
    for (std::size_t at = 0; at < along.size(); ++at) {
      expect_near(along[at],
                  difference(f, f->free, at,
                             [&](std::size_t n, std::size_t m) {
                               return environment.get(context.find_tensor("d" + tensors[n]->name))[m];
                             }),
                  "forward: " + print(forward));
    }
    // Reverse, of the sum weighted by position so that no element can stand for another.
    Expr weighted = f;
    for (const Index& index : f->free)
      weighted = weighted * (make_position(context, Subscript(index)) + Number(1));
    weighted = make_contract(f->free, weighted);
    const std::vector<Expr> gradients = calculus::gradients(weighted, tensors);
    for (std::size_t n = 0; n < tensors.size(); ++n) {
      verify(gradients[n]);
      const Data found = evaluate(gradients[n], canonical_indices(tensors[n]), environment).data;
      for (std::size_t m = 0; m < found.size(); ++m) {
        expect_near(found[m],
                    difference(weighted, {}, 0,
                               [&](std::size_t a, std::size_t b) { return a == n && b == m ? 1.0L : 0.0L; }),
                    "d " + tensors[n]->name + ": " + print(gradients[n]));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    EachNode, NodePartials,
    ::testing::Values(
        Row{"Access", "W[i, j]"}, Row{"Access", "S[i, i]"}, Row{"Access", "S[i', i]"},
        Row{"Access", "x[2 j + k - 1]"}, Row{"Access", "x[0] * y[0]"}, Row{"Constant", "3/2"},
        Row{"Extent", "extent(i) * s"}, Row{"Delta", "delta(i, j) * W[i, j]"},
        Row{"Delta", "delta(i, 2 j) * y[i]"}, Row{"Range", "range(j, k - 1) * x[k - 1]^2"},
        Row{"Position", "position(2 j) * x[j]"}, Row{"Sum", "2 x[j] - 3/4 y[i] + s + 1"},
        Row{"Product", "x[j]^3 * y[i] * s^2"}, Row{"Product", "x[j] / (y[i]^2 + 1)^2"},
        Row{"Contract", "sum{j#1}(W[i, j#1] * x[j#1])"},
        Row{"Contract", "sum{i#1}(S[i, i#1] * tanh(sum{i#2}(S[i#1, i#2] * y[i#2])))"},
        Row{"Contract", "sum{k#1}(K[k#1] * x[j + k#1])^2"},
        Row{"Contract", "sum{i#1, i#2}(y[i#1] * S[i#1, i#2] * y[i#2])"},
        Row{"Contract", "sum{i#1}((y[i#1] - y[i])^3)"}, Row{"Reduce", "max{j#1}(W[i, j#1])"},
        Row{"Reduce", "log_sum_exp{j#1}(W[i, j#1] * x[j#1])"},
        Row{"Reduce", "log_sum_exp{j#1, k#2}(W[i, j#1])"}, Row{"Reduce", "softmax{j#1}(W[i, j#1] + s)[j]"},
        Row{"Reduce", "softmax{j#1}(x[j#1]^2)[j + k - 1]"}, Row{"Map", "sin(x[j] * y[i])"},
        Row{"Map", "pow(x[j]^2 + 1, y[i])"}, Row{"Select", "select(s, x[j] * s, y[i])"},
        Row{"Select", "select(x[j], log(x[j]), 0) * y[i]"}, Row{"Gather", "gather(x, position(k)) * s"},
        Row{"Gather", "gather(W, position(i), position(2 k)) ^ 2"},
        Row{"Freeze", "x[j] * freeze{start}(x[j])"}, Row{"Draw", "x[j] + s * draw{noise}[j]"},
        Row{"Inverse", "inverse{i#1, i#2}(2 delta(i#1, i#2) + sum{j#3}(W[i#1, j#3] * W[i#2, j#3]))[i, i']"},
        Row{"Inverse", "inverse{i#1, i#2}((s^2 + 1) * delta(i#1, i#2) + y[i#1] * y[i#2])[0, i]"},
        Row{"Inverse", "y[i] * inverse{i#1, i#2}(6 delta(i#1, i#2) + S[i#1, i#2])[i, i']"},
        Row{"LogDet", "log_det{i#1, i#2}(6 delta(i#1, i#2) + S[i#1, i#2])"},
        Row{"LogDet", "log_det{i#1, i#2}(2 delta(i#1, i#2) + K[k]^2 * sum{j#3}(W[i#1, j#3] * W[i#2, j#3]))"}),
    [](const auto& row) { return std::string(row.param.node) + std::to_string(row.index); });

TEST(Derivative, OfAnExpressionWithFreeIndicesIsRefused) {
  Context context;
  const Tensor* x = context.tensor("x", {context.axis("hidden")}, Role::variable);
  try {
    calculus::gradient(element(context, x), x);
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "gradient of an expression with the free index 'hidden': sum over it first");
  }
}

TEST(Derivative, OfAContractionIsAContraction) {
  Context context;
  const Axis* i = context.axis("i");
  const Axis* o = context.axis("o");
  const Tensor* w = context.tensor("W", {o, i}, Role::parameter);
  const Tensor* x = context.tensor("x", {i}, Role::variable);
  context.tensor("t", {o}, Role::input);
  const Expr f = parse(context, "1/2 sum{o#1}((t[o#1] - sum{i#2}(W[o#1, i#2] * x[i#2]))^2)");
  EXPECT_EQ(calculus::gradient(f, x),
            parse(context, "-sum{o#1}((t[o#1] - sum{i#2}(W[o#1, i#2] * x[i#2])) * W[o#1, i])"));
  EXPECT_EQ(calculus::gradient(f, w), parse(context, "-(t[o] - sum{i#2}(W[o, i#2] * x[i#2])) * x[i]"));
}

TEST(Derivative, OfAFrozenValueIsZero) {
  Context context;
  const Tensor* s = context.tensor("s", {}, Role::variable);
  EXPECT_TRUE(calculus::gradient(parse(context, "freeze{start}(s^2)"), s)->is_constant(0));
}

}  // namespace
}  // namespace freefall

// Printing and parsing.

#include <gtest/gtest.h>

#include "codegen/ir/parse.hpp"
#include "codegen/ir/print.hpp"

namespace freefall {
namespace {

using namespace ir;

class Text : public ::testing::Test {
 protected:
  Text() {
    const Axis* batch = context.axis("batch", true);
    const Axis* hidden = context.axis("hidden");
    const Axis* pixel = context.axis("pixel");
    context.tensor("h", {batch, hidden}, Role::variable);
    context.tensor("image", {batch, pixel}, Role::input);
    context.tensor("W1", {hidden, pixel}, Role::parameter);
    context.tensor("L", {hidden, hidden}, Role::parameter);
    context.tensor("precision", {}, Role::parameter);
    context.tensor("b", {hidden}, Role::parameter);
  }
  Expr read(const std::string& text) { return parse(context, text); }
  void expect_same(const std::string& text) { EXPECT_EQ(print(read(text)), text); }
  void expect_error(const std::string& text, const std::string& message) {
    try {
      read(text);
      ADD_FAILURE() << text;
    } catch (const ParseError& error) {
      EXPECT_EQ(error.what(), message) << text;
    }
  }
  Context context;
};

TEST_F(Text, OfEachKindOfNodeReadsBack) {
  for (const char* text : {
           "3",
           "-1/2",
           "0.1",
           "1e+300",
           "extent(hidden)",
           "h[batch, hidden]",
           "W1[hidden, 2 pixel + 1]",
           "L[hidden, hidden']",
           "L[hidden, hidden'5]",
           "delta(hidden, pixel)",
           "delta(hidden + 1, pixel)",
           "range(pixel, hidden - 1)",
           "position(hidden)",
           "position(2 hidden - pixel - 3)",
           "precision + 1",
           "-precision",
           "1 - precision",
           "2 precision",
           "1/2 precision - 3",
           "1 / precision",
           "3/4 / precision^2",
           "b[hidden] / precision",
           "b[hidden] / (precision + 1)^3",
           "2 / (precision + 1)",
           "(precision + 1)^2",
           "b[hidden]^2 * precision",
           "sum{hidden#1}(b[hidden#1])",
           "sum{hidden#1}((b[hidden#1] + 1)^2)",
           "max{hidden#1}(b[hidden#1])",
           "log_sum_exp{hidden#1, pixel#2}(W1[hidden#1, pixel#2])",
           "softmax{hidden#1}(b[hidden#1])[hidden]",
           "tanh(precision)",
           "pow(precision, b[hidden])",
           "pi()",
           "select(precision, b[hidden], 0)",
           "gather(b, 2 precision)",
           "gather(precision)",
           "freeze{before inference}(b[hidden])",
           "draw{noise}[batch, hidden]",
           "draw{noise}[]",
           "inverse{hidden#1, hidden#2}(L[hidden#1, hidden#2])[hidden, hidden']",
           "log_det{hidden#1, hidden#2}(L[hidden#1, hidden#2])",
           "1/2 precision * (h[batch, hidden] - sum{pixel#1}(W1[hidden, pixel#1] * image[batch, pixel#1]))^2",
       }) {
    expect_same(text);
  }
}

TEST_F(Text, IsReadFreely) {
  EXPECT_EQ(read(" ( precision ) *2+1 "), read("2 precision + 1"));
  EXPECT_EQ(read("sum{pixel}(W1[hidden, pixel])"), read("sum{pixel#7}(W1[hidden, pixel#7])"));
  EXPECT_EQ(read("precision^-2"), read("1 / precision^2"));
  EXPECT_EQ(read("3/4"), make_constant(context, Number::ratio(3, 4)));
  EXPECT_EQ(read("1 - 2 - 3"), make_constant(context, -4));
}

TEST_F(Text, ErrorsNameColumnExpectedAndFound) {
  expect_error("precision + ", "column 13: expected a number, a name or '(', found the end");
  expect_error("(precision", "column 11: expected ')', found the end");
  expect_error("precision precision", "column 11: expected an operator or the end, found 'p'");
  expect_error("w[hidden]", "column 1: expected the name of a declared array, found 'w'");
  expect_error("b[hiden]", "column 3: expected the name of a declared axis, found 'hiden'");
  expect_error("W1[hidden]", "column 1: expected 2 subscripts for 'W1', found 1");
  expect_error("tahn(precision)", "column 1: expected the name of a function, found 'tahn'");
  expect_error("pow(precision)", "column 1: expected 2 arguments for pow, found 1");
  expect_error(
      "b[hidden#1]",
      "column 3: expected an index that an enclosing sum{..}, max{..} or the like binds, found 'hidden#1'");
  expect_error(
      "add{hidden}(1)",
      "column 1: expected sum, max, log_sum_exp, softmax, log_det, inverse, freeze or draw, found 'add'");
  expect_error("softmax{hidden, pixel}(1)[hidden]", "column 1: expected 1 indices for softmax, found 2");
}

TEST_F(Text, UsesNamesOfPartsUpToRenamingOfIndices) {
  const Expr error = read("h[batch, hidden] - b[hidden]");
  const Expr row = read("L[hidden, hidden'] * b[hidden]");
  const PrintOptions options{
      {{"eps_h", error, {}}, {"M", row, {{context.axis("hidden"), 1}, {context.axis("hidden"), 0}}}}, true};
  EXPECT_EQ(print(error, options), "eps_h[batch, hidden]");
  EXPECT_EQ(print(read("sum{batch#1, hidden#2}((h[batch#1, hidden#2] - b[hidden#2])^2)"), options),
            "sum{batch#1, hidden#2}(eps_h[batch#1, hidden#2]^2)");
  EXPECT_EQ(print(read("tanh(L[hidden', hidden] * b[hidden'])"), options), "tanh(M[hidden, hidden'])");
  EXPECT_EQ(print(error, {options.names, false}), "h[batch, hidden] - b[hidden]");
}

}  // namespace
}  // namespace freefall

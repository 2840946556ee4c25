// Loops of which one pass alone changes anything, and reads of one-hot arrays.

#include <gtest/gtest.h>

#include "codegen/ir/parse.hpp"
#include "codegen/ir/print.hpp"
#include "codegen/loop/cost.hpp"
#include "codegen/loop/one_hot.hpp"
#include "codegen/plan/gather_outcomes.hpp"

namespace freefall::test {
namespace {

using namespace ir;

class OneHots : public testing::Test {
 protected:
  Expr parsed(const std::string& text) { return parse(context, text); }
  loop::Nest nest(const Tensor* target, const std::string& value,
                  loop::Store::Mode mode = loop::Store::Mode::set) {
    std::vector<Subscript> at;
    for (const Index& i : canonical_indices(target)) at.emplace_back(i);
    return {{Index{unit, 0}, Index{unit, 1}}, {{target, at, mode, parsed(value), "W"}}};
  }

  Context context;
  const Axis* unit = context.axis("unit");
  const Tensor* V = context.tensor("V", {unit}, Role::variable);
  const Tensor* W = context.tensor("W", {unit, unit}, Role::parameter);
  const Tensor* spike = context.tensor("spike", {unit}, Role::output);
  const Tensor* winner = context.tensor("winner", {}, Role::output, false, false, unit);
};

TEST_F(OneHots, ASumWithAnIndicatorIsAScatter) {
  const auto out = loop::scatter(nest(W, "W[unit, unit'] - 2 * V[unit] * equal(position(unit'), winner)"));
  ASSERT_EQ(out.at.size(), 1U);
  EXPECT_EQ(out.at[0].first, (Index{unit, 1}));
  EXPECT_EQ(print(out.at[0].second), "winner");
  EXPECT_EQ(out.nest.loops, (std::vector<Index>{Index{unit, 0}}));
  EXPECT_EQ(print(out.nest.stores[0].value), print(parsed("W[unit, unit'] - 2 * V[unit]")));
}

TEST_F(OneHots, AScatterIsItsOwnScatter) {
  const auto once = loop::scatter(nest(W, "W[unit, unit'] + V[unit] * equal(position(unit'), winner)"));
  const auto twice = loop::scatter(once.nest);
  EXPECT_TRUE(twice.at.empty());
  EXPECT_EQ(twice.nest.loops, once.nest.loops);
}

TEST_F(OneHots, WhatChangesElsewhereTooIsNone) {
  for (const char* value : {
           "V[unit] * equal(position(unit'), winner)",                       // zero elsewhere, not unchanged
           "W[unit, unit'] + V[unit] * equal(position(unit'), winner) + 1",  //
           "2 * W[unit, unit'] + equal(position(unit'), winner)",            //
           "W[unit', unit] + equal(position(unit'), winner)",                // another element
           "W[unit, unit'] + V[unit]",                                       //
           "W[unit, unit'] + equal(position(unit'), V[unit])",               // another value in each row
       }) {
    EXPECT_TRUE(loop::scatter(nest(W, value)).at.empty()) << value;
  }
}

TEST_F(OneHots, SumsAddOneTerm) {
  const auto out = loop::scatter({{Index{unit, 0}, Index{unit, 1}},
                                  {{V,
                                    {Subscript(Index{unit, 0})},
                                    loop::Store::Mode::add,
                                    parsed("W[unit, unit'] * equal(position(unit'), winner)"),
                                    "V"}}});
  ASSERT_EQ(out.at.size(), 1U);
  EXPECT_EQ(print(out.nest.stores[0].value), print(parsed("W[unit, unit']")));
}

TEST_F(OneHots, AScatterCostsOneOfAllPasses) {
  plan::Specialisation sizes;
  sizes.extents = {{"unit", 50}};
  const auto cost = [&](const char* value) { return loop::cost({{nest(W, value)}}, sizes); };
  const loop::Cost all = cost("W[unit, unit'] + V[unit] * V[unit']"),
                   one = cost("W[unit, unit'] + V[unit] * equal(position(unit'), winner)");
  EXPECT_LE(50 * one.operations, all.operations);
  EXPECT_LT(20 * one.bytes, all.bytes);
}

class OneHotSchedules : public OneHots {
 protected:
  std::vector<std::string> gathered(calculus::Steps steps) {
    plan::gather_outcomes(steps, {"test", {{"unit", 50}}});
    std::vector<std::string> out;
    collect(steps, out);
    return out;
  }
  static void collect(const calculus::Steps& steps, std::vector<std::string>& out) {
    for (const calculus::Step& s : steps) {
      if (const calculus::Steps* body = calculus::body_of(s)) {
        collect(*body, out);
      } else {
        for (const auto& a : std::get<calculus::Assign>(s.action).simultaneous) out.push_back(print(a.value));
      }
    }
  }
  calculus::Step assign(const Tensor* target, const std::string& value) {
    return {calculus::Assign{{{target, parsed(value), target->name}}}};
  }
  const std::string jump = "sum{unit#1}(W[unit, unit#1] * spike[unit#1])";
};

TEST_F(OneHotSchedules, AreReadAsTheirIndicators) {
  const auto out = gathered({assign(spike, "equal(position(unit), winner)"), assign(V, jump)});
  const Expr at =
      make_gather(context, W, {make_position(context, Subscript(Index{unit, 0})), parsed("winner")});
  EXPECT_EQ(out[1], print(at));
}

// The logarithms of a table of three, for two copies and for a hundred.
TEST_F(OneHotSchedules, ValuesThatTakeLongAreWorkedOutOnceForEachOutcome) {
  const Axis *outcome = context.axis("outcome"), *batch = context.axis("batch", true);
  context.tensor("T", {outcome}, Role::parameter);
  context.tensor("n", {batch}, Role::input, false, false, outcome);
  const Expr sum =
      parsed("sum{outcome#1}(equal(position(outcome#1), n[batch]) * log_probability(T[outcome#1]))");
  const auto gathered_for = [&](std::size_t copies) {
    return print(plan::gather_outcomes(sum, {"test", {{"outcome", 3}, {"batch", copies}}}));
  };
  EXPECT_EQ(gathered_for(2), "log_probability(gather(T, n[batch]))");
  EXPECT_EQ(gathered_for(100), print(sum));
}

// An index of the same axis is another name.
TEST_F(OneHotSchedules, WhereTwoIndicesAreEqualNothingIsLookedUp) {
  const Expr sum =
      parsed("sum{unit#1}(V[unit#1] * W[unit#1, unit] * equal(position(unit#1), position(unit)))");
  EXPECT_EQ(print(plan::gather_outcomes(sum, {"test", {{"unit", 50}}})),
            print(parsed("V[unit] * W[unit, unit]")));
}

TEST_F(OneHotSchedules, AreNotWhenTheyOrTheirValuesHaveChanged) {
  const std::string one_hot = "equal(position(unit), winner)";
  const std::string as_written = print(parsed(jump));
  EXPECT_EQ(gathered({assign(spike, one_hot), assign(winner, "winner - winner"), assign(V, jump)})[2],
            as_written);
  EXPECT_EQ(gathered({assign(spike, one_hot), assign(spike, "V[unit]"), assign(V, jump)})[2], as_written);
  // Of the pass before.
  calculus::Loop loop{3, {}, {}, {assign(V, jump), assign(winner, "winner - winner")}};
  EXPECT_EQ(gathered({assign(spike, one_hot), {loop}})[1], as_written);
}

}  // namespace
}  // namespace freefall::test

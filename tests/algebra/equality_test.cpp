// The three verdicts, and what a refutation shows.

#include "codegen/equality/equality.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codegen/equality/field.hpp"
#include "codegen/equality/field_interpret.hpp"
#include "codegen/equality/mutate.hpp"
#include "codegen/ir/parse.hpp"
#include "codegen/ir/print.hpp"

namespace freefall::equality {
namespace {

using namespace ir;
using ::testing::HasSubstr;

class Equality : public ::testing::Test {
 protected:
  Equality() {
    const Axis* i = c.axis("i");
    const Axis* j = c.axis("j");
    c.tensor("W", {i, j}, Role::parameter);
    c.tensor("J", {i, i}, Role::parameter);
    c.tensor("x", {j}, Role::variable);
    c.tensor("e", {i}, Role::variable);
    c.tensor("P", {i, i}, Role::parameter);
  }
  Result compare(const char* a, const char* b) { return compare_rules(parse(c, a), parse(c, b)); }
  Context c;
};

TEST_F(Equality, OfDistributedFormsIsProven) {
  EXPECT_EQ(compare("(e[i] - sum{j#1}(W[i, j#1] * x[j#1]))^2",
                    "e[i]^2 - 2 e[i] * sum{j#1}(W[i, j#1] * x[j#1]) + sum{j#1}(W[i, j#1] * x[j#1])^2")
                .verdict,
            Verdict::proven);
}

TEST_F(Equality, OfQuotientsIsProvenUpToProbability) {
  const Result r = compare("1 / e[i] + 1 / (1 + e[i])", "(1 + 2 e[i]) / (e[i] * (1 + e[i]))");
  EXPECT_EQ(r.verdict, Verdict::probable);
  EXPECT_GT(r.error_probability, 0);
  EXPECT_LT(r.error_probability, 1e-40);
}

TEST_F(Equality, OfInverseTimesMatrixIsProvenUpToProbability) {
  // P^-1 (P + P^T) / 2 = 1 where the inverse is that of the symmetric part.
  EXPECT_EQ(compare("sum{i#4}(inverse{i#1, i#2}(P[i#1, i#2])[i, i#4] * (P[i#4, i'] + P[i', i#4]))",
                    "2 delta(i, i')")
                .verdict,
            Verdict::probable);
}

// As arrays are, and as the interpreters have it.
TEST_F(Equality, KnowsThatAnInverseAndASoftmaxAreZeroOutsideTheirAxes) {
  FieldPoint point;
  point.sizes.extents = {{"i", 2}};
  for (const char* outside : {"inverse{i#1, i#2}(P[i#1, i#2])[i + 2, i']", "softmax{i#1}(e[i#1])[i - 2]"}) {
    for (const Field& f : field_evaluate(parse(c, outside), point)) EXPECT_TRUE(f.is_zero()) << outside;
  }
}

TEST_F(Equality, ThatRestsOnWhatFunctionsAreIsTested) {
  const Result r = compare("exp(e[i])^2", "exp(2 e[i])");
  EXPECT_EQ(r.verdict, Verdict::tested);
}

TEST_F(Equality, IsLookedForOnBothSidesOfAKink) {
  EXPECT_EQ(compare("e[i] * step(e[i])", "e[i]").verdict, Verdict::refuted);
  EXPECT_EQ(compare("e[i] * sign(e[i])", "abs(e[i])").verdict, Verdict::tested);
}

// What must be positive is the argument of a logarithm, not what a sigmoid makes positive; the base of a
// power, not its exponent.
TEST_F(Equality, IsLookedForOnBothSidesOfAKinkInTheDomainOfAFunction) {
  const auto refuted = [&](const char* a, const char* b) {
    EXPECT_EQ(compare(a, b).verdict, Verdict::refuted) << a;
  };
  refuted("log(sigmoid(relu(e[i])))", "log(sigmoid(e[i]))");
  refuted("pow(softplus(e[i]), relu(e[i]))", "pow(softplus(e[i]), e[i])");
  EXPECT_EQ(compare("log(relu(e[i]) + 1)", "log1p(relu(e[i]))").verdict, Verdict::tested);
}

TEST_F(Equality, IsLookedForAtManyCombinationsOfSigns) {
  EXPECT_EQ(compare("step(e[i] - 1/2) * step(P[i, i] + 1/2)", "step(e[i] - 1/2)").verdict, Verdict::refuted);
}

TEST_F(Equality, IsLookedForInBothBranchesOfAChoice) {
  EXPECT_EQ(compare("select(e[i], 2, 3) * e[i]", "select(e[i], 2, 4) * e[i]").verdict, Verdict::refuted);
  EXPECT_EQ(compare("select(e[i], 2, 3) * e[i]", "select(e[i], 1, 3) * e[i]").verdict, Verdict::refuted);
  EXPECT_EQ(compare("select(e[i] + 1/10, 2, 3) / (1 + e[i])", "2 / (1 + e[i])").verdict, Verdict::refuted);
}

// Below a logarithm arrays are positive: what holds there only is no difference.
TEST_F(Equality, OfFunctionsOfPositiveNumbersIsLookedForThere) {
  EXPECT_EQ(compare("sqrt(e[i])^2 * x[j]", "e[i] * x[j]").verdict, Verdict::tested);
  EXPECT_EQ(compare("xlogx(e[i])", "e[i] * log_probability(e[i])").verdict, Verdict::tested);
}

TEST_F(Equality, OfARuleWhoseMistakesDivideByZeroHasTheOthers) {
  const auto found = mutations(parse(c, "x[j] / step(e[i])"));  // its derivative in its place is 0
  EXPECT_FALSE(found.empty());
}

TEST_F(Equality, OfWhatStandsSquaredInThemIsLookedForOnBothSidesOfZero) {
  EXPECT_EQ(compare("sqrt(e[i]^2) * x[j]", "e[i] * x[j]").verdict, Verdict::refuted);
  EXPECT_EQ(compare("log(e[i]^2)", "2 log(abs(e[i]))").verdict, Verdict::tested);
}

TEST_F(Equality, OfWhatIsReadAtTheNumberOfAnOutcomeIsLookedForAtOnesOfItsAxis) {
  c.tensor("o", {}, Role::variable, false, false, c.axis("i"));
  EXPECT_EQ(compare("equal(position(i), o) * tanh(e[i])", "2 equal(position(i), o) * tanh(e[i])").verdict,
            Verdict::refuted);
}

TEST_F(Equality, RefutationNamesExtentsElementValuesAndTerms) {
  const Expr derived = parse(c, "sum{i#1}(J[i#1, i] * e[i#1])");
  const Result r = compare_rules(derived, parse(c, "sum{i#1}(J[i, i#1] * e[i#1])"));
  ASSERT_EQ(r.verdict, Verdict::refuted);
  EXPECT_EQ(r.counterexample->sizes.extents.at("i"), 2u);  // with extent 1 a transpose cannot be seen
  const std::string text = describe(r, derived);
  EXPECT_THAT(text, HasSubstr("i = 2"));
  EXPECT_THAT(text, HasSubstr("only derived:   sum{i#1}(J[i#1, i] * e[i#1])"));
  EXPECT_THAT(text, HasSubstr("only reference: sum{i#1}(J[i, i#1] * e[i#1])"));
}

TEST_F(Equality, RefutesAMissingHalf) {
  const Result r = compare("e[i]^2 / 2", "e[i]^2");
  ASSERT_EQ(r.verdict, Verdict::refuted);
  EXPECT_EQ(r.counterexample->sizes.extents.at("i"), 1u);
  EXPECT_NEAR(static_cast<double>(r.counterexample->reference),
              2 * static_cast<double>(r.counterexample->derived), 1e-12);
}

TEST_F(Equality, OverAnAxisTheDerivedRuleLacksIsAnError) {
  EXPECT_THROW(compare("e[i]", "x[j]"), std::invalid_argument);
}

TEST(Field, HasInversesAndExactNumbers) {
  const Field third = Field::of(Number::ratio(1, 3));
  EXPECT_EQ(third * Field(3), Field(1));
  EXPECT_EQ(Field::of(Number(-2)) + Field(2), Field(0));
  EXPECT_EQ(Field::of(Number(0.1)) * Field(10), Field(1));
  EXPECT_EQ(Field(2).power(61), Field(1));  // 2^61 = 1 modulo 2^61 - 1
  EXPECT_EQ(Field(7).power(-3) * Field(343), Field(1));
  EXPECT_THROW(Field(0).inverse(), std::domain_error);
}

// Mutations without the indicator of an axis: a mistake only where what is beside it is not zero there
// anyway.
class MutationsOfAnIndicator : public ::testing::Test {
 protected:
  MutationsOfAnIndicator() {
    const Axis* t = c.axis("t");
    c.tensor("x", {t}, Role::variable);
    c.tensor("P", {t, t}, Role::parameter);
  }
  std::vector<Expr> without_indicator(const char* text) {
    std::vector<Expr> out;
    for (const Mutation& m : mutations(parse(c, text))) {
      const auto nodes = topological({m.expression});
      if (std::none_of(nodes.begin(), nodes.end(), [](Expr n) { return n->op == Op::Range; }))
        out.push_back(m.expression);
    }
    return out;
  }
  Context c;
};

TEST_F(MutationsOfAnIndicator, ThatRepeatsWhatAnArraySaysAreNone) {
  for (const char* text : {"range(t, t - 1) * x[t - 1]", "range(t, t - 1) * tanh(x[t - 1]) * x[t]",
                           "range(t, t + 1) * x[t + 1]^2 * (x[t] + 1)",
                           "range(t, t + 1) * inverse{t#1, t#2}(P[t#1, t#2])[t + 1, t']",
                           "range(t, t - 1) * softmax{t#1}(x[t#1])[t - 1]"})
    EXPECT_TRUE(without_indicator(text).empty()) << text;
}

TEST_F(MutationsOfAnIndicator, OfWhatIsNotZeroOutsideAreRefuted) {
  for (const char* text :
       {"range(t, t - 1) * exp(x[t - 1])", "range(t, t - 1) * x[t]", "range(t, t + 1) / 2",
        "x[t] * (range(t, t + 1) + 1)", "range(t, t + 1) * (x[t + 1] + 1)", "range(t, t + 1) * x[t - 1]"}) {
    const std::vector<Expr> mistakes = without_indicator(text);
    EXPECT_FALSE(mistakes.empty()) << text;
    for (const Expr mistake : mistakes)
      EXPECT_EQ(compare_rules(parse(c, text), mistake).verdict, Verdict::refuted)
          << text << ": " << print(mistake);
  }
}

}  // namespace
}  // namespace freefall::equality

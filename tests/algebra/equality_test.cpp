// The three verdicts, and what a refutation shows.

#include "codegen/equality/equality.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codegen/equality/field.hpp"
#include "codegen/ir/parse.hpp"

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

TEST_F(Equality, ThatRestsOnWhatFunctionsAreIsTested) {
  const Result r = compare("exp(e[i])^2", "exp(2 e[i])");
  EXPECT_EQ(r.verdict, Verdict::tested);
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

}  // namespace
}  // namespace freefall::equality

// What rules read from where.

#include "codegen/report/locality.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <freefall/dsl.hpp>

#include "codegen/report/evidence.hpp"
#include "models/pcn/network.hpp"
#include "models/recurrent/network.hpp"

namespace freefall::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const RuleLocality& rule(const std::vector<RuleLocality>& all, const std::string& kernel,
                         const std::string& target) {
  for (const RuleLocality& r : all) {
    if (r.kernel == kernel && r.target == target) return r;
  }
  throw std::out_of_range(kernel + " " + target);
}

std::vector<RuleLocality> of(const ir::Program& p) { return localities(plan::derive(p)); }

// Crick 1989; Lillicrap et al. 2016: the weight transport problem.
TEST(Locality, OfPredictiveCodingFailsAtTheTransposedFeedbackWeightOnly) {
  const auto all = of(pcn::network<3, 2, pcn::biases::yes>([](auto a) { return tanh(a); }).ir());
  const RuleLocality& h1 = rule(all, "infer", "h1");
  EXPECT_FALSE(h1.is_local());
  ASSERT_THAT(h1.terms, SizeIs(2));
  EXPECT_EQ(h1.terms[0].text, "eps_h1");
  EXPECT_EQ(h1.terms[0].through, "h1");
  EXPECT_THAT(h1.terms[0].faults, IsEmpty());
  EXPECT_EQ(h1.terms[1].text, "-W2^T (tanh'(b2 + W2 h1) .* eps_h2)");
  EXPECT_EQ(h1.terms[1].through, "h2");
  EXPECT_THAT(h1.terms[1].variables, ElementsAre("h2"));
  ASSERT_THAT(h1.terms[1].faults, SizeIs(1));
  EXPECT_EQ(h1.terms[1].faults[0].kind, "weight transport");
  EXPECT_THAT(h1.terms[1].faults[0].text, HasSubstr("'W2' is read against its direction"));
}

TEST(Locality, OfWeightsOfPredictiveCodingIsHebbian) {
  const auto all = of(pcn::network<3, 2, pcn::biases::yes>([](auto a) { return tanh(a); }).ir());
  for (const char* name : {"W1", "W2", "W3", "b1", "b2", "b3"}) {
    const RuleLocality& w = rule(all, "train", name);
    EXPECT_TRUE(w.is_local()) << name;
    ASSERT_THAT(w.terms, SizeIs(1));
    EXPECT_THAT(w.terms[0].summed, ElementsAre("batch"));
  }
  EXPECT_THAT(rule(all, "train", "W2").terms[0].variables, ElementsAre("h1", "h2"));
}

TEST(Locality, OfRecurrentStatesFailsAtTheLaterTick) {
  const auto all = of(recurrent::network<2>().ir());
  const RuleLocality& h1 = rule(all, "strict", "h1");
  std::vector<std::string> kinds;
  for (const LocalityTerm& t : h1.terms) {
    for (const LocalityFault& f : t.faults) kinds.push_back(f.kind);
  }
  EXPECT_THAT(kinds, ::testing::Contains("future"));
  EXPECT_THAT(kinds, ::testing::Contains("weight transport"));
}

TEST(Locality, OfFeedbackByItsOwnWeightHolds) {
  program_scope scope;
  axis<"unit"> unit;
  auto x = variable<"x">(unit);
  auto o = variable<"o">(unit);
  auto W = parameter<"W">(unit, unit.prime());
  // One layer of two factors that share no weight: nothing comes back.
  auto p = model<"net">(x <<= normal(0), o <<= normal(W * prime(x)));
  auto F = free_energy(p, family(delta(x)));
  const auto all = of(program{kernel<"learn">(descend(F, W, sgd(0.1)))}.ir());
  EXPECT_TRUE(rule(all, "learn", "W").is_local());
}

TEST(Locality, OfACovarianceFailsAtItsInverse) {
  program_scope scope;
  axis<"unit"> unit;
  auto x = variable<"x">(unit);
  auto S = input<"S">(unit, unit.prime());
  auto p = model<"net">(x <<= normal(0, covariance(S)));
  auto F = free_energy(p, family(delta(x)));
  const auto all = of(program{kernel<"infer">(descend(F, x, rate(0.1)))}.ir());
  ASSERT_THAT(rule(all, "infer", "x").terms[0].faults, SizeIs(1));
  EXPECT_EQ(rule(all, "infer", "x").terms[0].faults[0].kind, "inverse");
}

TEST(Locality, OfABackpropagatedGradientInsideOneFactorIsWeightTransport) {
  program_scope scope;
  axis<"unit"> unit;
  axis<"label"> label;
  auto x = input<"x">(unit);
  auto y = variable<"y">(label);
  auto W = parameter<"W">(unit, unit.prime());
  auto V = parameter<"V">(label, unit);
  auto p = model<"net">(y <<= normal(V * tanh(W * prime(x))));
  auto F = free_energy(p, family());
  const auto all = of(program{kernel<"learn">(descend(F, W, V, sgd(0.1)))}.ir());
  EXPECT_TRUE(rule(all, "learn", "V").is_local());
  ASSERT_THAT(rule(all, "learn", "W").terms[0].faults, SizeIs(1));
  EXPECT_THAT(rule(all, "learn", "W").terms[0].faults[0].text,
              HasSubstr("'V' is read against its direction"));
}

TEST(Locality, OfTheReportSaysOnceWhatSeveralTermsNeed) {
  program_scope scope;
  axis<"state"> state;
  auto x = variable<"x">(state);
  auto y = variable<"y">(state);
  auto S = parameter<"S">(state, state.prime());
  auto p = model<"net">(x <<= normal(0, covariance(S)), y <<= normal(x, covariance(S)));
  auto F = free_energy(p, family(delta(x)));
  const ir::Program whole = program{kernel<"infer">(descend(F, x, rate(0.1)))}.ir();
  const auto compilation = plan::derive(whole);
  ASSERT_THAT(localities(compilation)[0].terms, SizeIs(2));  // each through the inverse of S
  const auto evidence = rule_evidence(compilation);
  ASSERT_THAT(evidence, SizeIs(1));
  EXPECT_THAT(evidence[0].locality, ElementsAre(HasSubstr("inverse: the inverse of a matrix made of S")));
}

TEST(Locality, TextNamesEverythingAndJsonHasTheSame) {
  const auto all = of(pcn::network<2, 2, pcn::biases::no>([](auto a) { return tanh(a); }).ir());
  const std::string text = locality_text(all);
  EXPECT_THAT(text, HasSubstr("kernel infer, h1 by euler: not local"));
  EXPECT_THAT(text, HasSubstr("not local, weight transport: 'W2'"));
  EXPECT_THAT(text, HasSubstr("summed over batch"));
  EXPECT_THAT(locality_json(all), HasSubstr("\"kind\": \"weight transport\""));
}

}  // namespace
}  // namespace freefall::report

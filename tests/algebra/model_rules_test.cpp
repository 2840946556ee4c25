// The derived rules of the shipped models against rules written by hand (Millidge 2021, eq. 3.8 and 3.9 as
// repaired; models/pcn/README.md), and every single mistake in those refuted.

#include <gtest/gtest.h>

#include <map>

#include "codegen/calculus/derive.hpp"
#include "codegen/equality/equality.hpp"
#include "codegen/equality/mutate.hpp"
#include "codegen/ir/parse.hpp"
#include "models/pcn/network.hpp"
#include "models/pcn_generative/network.hpp"

namespace freefall::equality {
namespace {

using Rules = std::map<std::string, std::string>;

// The rules of `train`, by target.
void expect_rules(const ir::Program& program, const Rules& by_hand) {
  const calculus::Derivation derivation = calculus::derive(program);
  std::size_t checked = 0;
  for (const calculus::Rule& rule : derivation.rules) {
    if (rule.kernel != "train") continue;
    ASSERT_TRUE(by_hand.contains(rule.target->name)) << rule.target->name;
    const ir::Expr reference = ir::parse(*program.context, by_hand.at(rule.target->name));
    const Result r = compare_rules(rule.gradient, reference);
    EXPECT_TRUE(r.verdict == Verdict::proven || r.verdict == Verdict::probable)
        << rule.target->name << ": " << describe(r, rule.gradient);
    for (const Mutation& m : mutations(reference)) {
      if (!(m.expression->free == reference->free)) continue;  // changes the axes: the DSL does not accept it
      EXPECT_EQ(compare_rules(rule.gradient, m.expression).verdict, Verdict::refuted)
          << rule.target->name << ", mistake: " << m.mistake;
    }
    ++checked;
  }
  EXPECT_EQ(checked, by_hand.size());
}

TEST(ModelRules, OfTanhNetworkAreThoseWrittenByHand) {
  const program p = pcn::network<3, 2, pcn::biases::yes>([](auto a) { return tanh(a); });
  const std::string p1 = "tanh(b1[hidden1] + sum{pixel#1}(W1[hidden1, pixel#1] * image[batch, pixel#1]))";
  const std::string p2 = "tanh(b2[hidden2] + sum{hidden1#1}(W2[hidden2, hidden1#1] * h1[batch, hidden1#1]))";
  const std::string e1 = "(h1[batch, hidden1] - " + p1 + ")", e2 = "(h2[batch, hidden2] - " + p2 + ")";
  const std::string e3 =
      "(digit[batch, label] - b3[label] - sum{hidden2#1}(W3[label, hidden2#1] * h2[batch, hidden2#1]))";
  const std::string g1 = "(1 - " + p1 + "^2) * " + e1, g2 = "(1 - " + p2 + "^2) * " + e2;
  // Under a sum over an index, its name is replaced by the binder's label.
  const auto over = [](std::string text, const std::string& axis) {
    const std::string bound = axis + "#9";
    for (std::size_t at = 0; (at = text.find(axis, at)) != std::string::npos; at += bound.size()) {
      if (text[at + axis.size()] == '#') continue;
      text.replace(at, axis.size(), bound);
    }
    return "sum{" + bound + "}(" + text + ")";
  };
  expect_rules(p.ir(), {{"h1", e1 + " - " + over("W2[hidden2, hidden1] * " + g2, "hidden2")},
                        {"h2", e2 + " - " + over("W3[label, hidden2] * " + e3, "label")},
                        {"W1", "-" + over(g1 + " * image[batch, pixel]", "batch") + " / extent(batch)"},
                        {"W2", "-" + over(g2 + " * h1[batch, hidden1]", "batch") + " / extent(batch)"},
                        {"W3", "-" + over(e3 + " * h2[batch, hidden2]", "batch") + " / extent(batch)"},
                        {"b1", "-" + over(g1, "batch") + " / extent(batch)"},
                        {"b2", "-" + over(g2, "batch") + " / extent(batch)"},
                        {"b3", "-" + over(e3, "batch") + " / extent(batch)"}});
}

TEST(ModelRules, OfGenerativeModelAreThoseWrittenByHand) {
  const program p = pcn_generative::network<2>();
  const std::string s = "sigmoid(b[pixel] + sum{code#1}(W[pixel, code#1] * z[batch, code#1]))";
  const std::string g = "(image[batch, pixel] - " + s + ") * " + s + " * (1 - " + s + ")";
  std::string under_pixel = "W[pixel#9, code] * " + g;
  for (std::size_t at = 0; (at = under_pixel.find("pixel]", at)) != std::string::npos; at += 8)
    under_pixel.replace(at, 5, "pixel#9");
  for (std::size_t at = 0; (at = under_pixel.find("[pixel,", at)) != std::string::npos; at += 9)
    under_pixel.replace(at + 1, 5, "pixel#9");
  std::string under_batch = g;
  for (std::size_t at = 0; (at = under_batch.find("[batch,", at)) != std::string::npos; at += 9)
    under_batch.replace(at + 1, 5, "batch#9");
  expect_rules(p.ir(), {{"z", "prior_precision * z[batch, code] - sum{pixel#9}(" + under_pixel + ")"},
                        {"W", "-sum{batch#9}(" + under_batch + " * z[batch#9, code]) / extent(batch)"},
                        {"b", "-sum{batch#9}(" + under_batch + ") / extent(batch)"}});
}

}  // namespace
}  // namespace freefall::equality

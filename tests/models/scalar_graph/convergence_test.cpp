// The branching function step by step, by the interpreter of schedules: how many steps the gradient needs,
// and what F does meanwhile.

#include <gtest/gtest.h>

#include <cmath>

#include "codegen/plan/pipeline.hpp"
#include "codegen/report/rules_text.hpp"
#include "models/scalar_graph/stepper.hpp"

namespace freefall {
namespace {

using models::scalar_graph::exact_by_v0;
using models::scalar_graph::Real;
using models::scalar_graph::Stepper;

TEST(ScalarGraph, GradientConvergesInTheKnownNumberOfSteps) {
  for (const auto& known : models::scalar_graph::known_counts) {
    const auto [to_millionth, to_trillionth] = models::scalar_graph::steps_to_converge(known.eta);
    EXPECT_EQ(to_millionth, known.to_millionth) << static_cast<double>(known.eta);
    EXPECT_EQ(to_trillionth, known.to_trillionth) << static_cast<double>(known.eta);
  }
}

TEST(ScalarGraph, GradientErrorFallsByOneMinusEtaAStep) {
  Stepper graph("relax", 0.1L);
  for (int k = 0; k < 150; ++k) graph.step();
  const Real before = std::fabs(graph.by_v0() / exact_by_v0() - 1);
  graph.step();
  const Real after = std::fabs(graph.by_v0() / exact_by_v0() - 1);
  EXPECT_NEAR(after / before, 0.9L, 0.005L);  // k / (k - 1) (1 - eta) on the longer path
}

TEST(ScalarGraph, HeldStepsDivergeAboveTwo) {
  Stepper graph("relax", 2.05L);
  for (int k = 0; k < 400; ++k) graph.step();
  EXPECT_GT(std::fabs(graph.by_v0() / exact_by_v0() - 1), 1e6L);
}

// Held predictions are no descent: with errors measured from the held predictions, F rises from the loss
// alone to the loss plus half the squares of all adjoints (by Octave).
TEST(ScalarGraph, HeldFreeEnergyRisesToTheSquaresOfTheAdjoints) {
  Stepper graph("relax", 0.1L);
  const Real d1 = 0.9844156312L, d2 = 6.2259911175L, d3 = 6.1685798021L;
  const Real before = graph.energy();
  Real last = before;
  for (int k = 0; k < 400; ++k) {
    graph.step();
    const Real now = graph.energy();
    ASSERT_GE(now, last - 1e-15L) << k;
    last = now;
  }
  EXPECT_NEAR(last - before, (d1 * d1 + d2 * d2 + d3 * d3) / 2, 1e-8L);
}

TEST(ScalarGraph, StrictDescentNeverRaisesF) {
  Stepper graph("strict", 1e-3L);
  Real last = graph.energy();
  for (int k = 0; k < 2000; ++k) {
    graph.step();
    const Real now = graph.energy();
    ASSERT_LE(now, last) << k;
    last = now;
  }
}

// The report says which rules are no gradients, and shows them before and after.
TEST(ScalarGraph, ReportMarksHeldRules) {
  const ir::Program program = scalar_graph::graph<3>().ir();
  const plan::Specialisation sizes{"graph", {{"batch", 2}}, plan::Scalar::float64};
  const std::string report = report::rules_text(plan::compile(program, sizes));
  EXPECT_NE(report.find("held predictions (kernel relax, model scalar_graph)"), std::string::npos);
  const std::string text = report.substr(report.find("\nrules\n"));
  const auto relax = text.find("kernel relax, v1"), strict = text.find("kernel strict, v1");
  ASSERT_NE(relax, std::string::npos);
  ASSERT_NE(strict, std::string::npos);
  EXPECT_NE(text.substr(relax, 400).find("not a gradient of F: predictions of 'scalar_graph' held"),
            std::string::npos);
  EXPECT_NE(text.substr(relax, 400).find("before = "), std::string::npos);
  EXPECT_EQ(text.substr(strict).find("not a gradient"), std::string::npos);
}

}  // namespace
}  // namespace freefall

// The branching function step by step, by the interpreter of schedules: how many steps the gradient needs,
// and what F does meanwhile.

#include <gtest/gtest.h>

#include <cmath>

#include "codegen/calculus/derive.hpp"
#include "codegen/calculus/interpret_schedule.hpp"
#include "codegen/plan/pipeline.hpp"
#include "codegen/report/rules_text.hpp"
#include "models/scalar_graph/graph.hpp"

namespace freefall {
namespace {

using Real = long double;

class Stepper {
 public:
  Stepper(const char* kernel, Real eta) : environment_(ir::Sizes{{{"batch", 1}}}) {
    for (const auto& p : derivation_.procedures) {
      if (p.name == kernel) steps_ = p.steps;
    }
    for (const auto& [name, value] :
         {std::pair{"v0", 5.0L}, {"theta", 2}, {"weight", 2}, {"eta", eta}, {"target", 3}})
      environment_.set(program_.context->find_tensor(name), {value});
    while (!std::holds_alternative<calculus::Loop>(steps_[at_].action))
      calculus::interpret({steps_[at_++]}, environment_);
  }

  void step() { calculus::interpret(std::get<calculus::Loop>(steps_[at_].action).body, environment_); }
  Real by_v0() { return result("by_v0"); }
  Real energy() {
    return result("energy");
  }  // as the kernel gives it: of the held predictions, where they are held

 private:
  Real result(const char* name) {
    calculus::interpret(calculus::Steps(steps_.begin() + static_cast<std::ptrdiff_t>(at_) + 1, steps_.end()),
                        environment_);
    return environment_.get(program_.context->find_tensor(name))[0];
  }

  const ir::Program program_ = scalar_graph::graph<1>().ir();
  const calculus::Derivation derivation_ = calculus::derive(program_);
  ir::Environment<Real> environment_;
  calculus::Steps steps_;
  std::size_t at_ = 0;
};

Real exact_by_v0() {  // -(theta eps1 + 2 v0 eps3) of the adjoint recursion
  const Real v2 = std::sqrt(10.0L), e4 = 2 * (3 - std::tan(v2) - std::sin(25.0L));
  const Real e2 = e4 / (std::cos(v2) * std::cos(v2)), e3 = e4 * std::cos(25.0L), e1 = e2 / (2 * v2);
  return -(2 * e1 + 10 * e3);
}

// From the binomial tails of the two path lengths. In double, 1399 steps appear to be enough for eta = 0.02:
// the exact error there is 1.0003e-12, and the quotient rounds.
TEST(ScalarGraph, GradientConvergesInTheKnownNumberOfSteps) {
  struct Known {
    Real eta;
    int to_millionth, to_trillionth;
  };
  for (const Known& known :
       {Known{0.02L, 703, 1400}, Known{0.05L, 277, 552}, Known{0.1L, 135, 269}, Known{0.2L, 64, 127},
        Known{0.5L, 21, 42}, Known{1.0L, 2, 2}, Known{1.5L, 20, 42}, Known{1.9L, 152, 290}}) {
    Stepper graph("relax", known.eta);
    int first[2] = {0, 0};
    for (int k = 1; first[1] == 0 && k < 1500; ++k) {
      graph.step();
      const Real error = std::fabs(graph.by_v0() / exact_by_v0() - 1);
      if (first[0] == 0 && error <= 1e-6L) first[0] = k;
      if (error <= 1e-12L) first[1] = k;
    }
    EXPECT_EQ(first[0], known.to_millionth) << static_cast<double>(known.eta);
    EXPECT_EQ(first[1], known.to_trillionth) << static_cast<double>(known.eta);
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
  const std::string text = report::rules_text(plan::compile(program, sizes));
  EXPECT_NE(text.find("held predictions (kernel relax, model scalar_graph)"), std::string::npos);
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

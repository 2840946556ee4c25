// The generated kernels on the branching function of Millidge, Tschantz and Buckley 2022, figure 2.

#include <gtest/gtest.h>

#include <cmath>

#include "models/scalar_graph/reference.hpp"
#include "scalar_graph_views.hpp"

namespace {

using ::scalar_graph::instance;

constexpr double kDigits = 6e-11;  // the numbers are given to ten

instance at_five(double weight, double target) {
  instance graph;
  graph.v0().setConstant(5);
  graph.theta() = 2;
  graph.weight() = weight;
  graph.target().setConstant(target);
  graph.eta() = 0.1;
  return graph;
}

// v = (10, sqrt 10, 25) and v4 = tan v2 + sin v3, to ten digits by Octave.
TEST(ScalarGraphKernels, PredictTheValuesOfTheFunction) {
  instance graph = at_five(2, 3);
  graph.predict(1);
  EXPECT_NEAR(graph.v1()(0), 10, kDigits);
  EXPECT_NEAR(graph.v2()(0), 3.1622776602, kDigits);
  EXPECT_NEAR(graph.v3()(0), 25, kDigits);
  EXPECT_NEAR(graph.target()(0), -0.1116637929, kDigits);
}

// dL/dv0 and dL/dtheta of L = (v4 - 3)^2, and the errors, minus the adjoints; Octave and central differences.
TEST(ScalarGraphKernels, SettleOnTheGradient) {
  instance graph = at_five(2, 3);
  graph.settle(1);
  EXPECT_NEAR(graph.by_v0()(0), -63.6546292833, kDigits);
  EXPECT_NEAR(graph.by_theta(), -4.9220781558, kDigits);
  EXPECT_NEAR(graph.v1()(0) - 10, 0.9844156312, kDigits);
  EXPECT_NEAR(graph.v2()(0) - std::sqrt(10.0), 6.2259911175, kDigits);
  EXPECT_NEAR(graph.v3()(0) - 25, 6.1685798021, kDigits);
}

TEST(ScalarGraphKernels, SettleOnTheGradientOfHalfTheSquare) {
  instance graph = at_five(1, 3);
  graph.settle(1);
  EXPECT_NEAR(graph.by_v0()(0), -31.8273146417, kDigits);
  graph.target().setConstant(1);
  graph.settle(1);
  EXPECT_NEAR(graph.by_v0()(0), -11.3705321867, kDigits);
}

TEST(ScalarGraphKernels, OneSweepBackIsTheGradient) {
  instance graph = at_five(2, 3);
  graph.sweep(1);
  EXPECT_NEAR(graph.by_v0()(0), -63.6546292833, kDigits);
  EXPECT_NEAR(graph.by_theta(), -4.9220781558, kDigits);
}

// Paths of 1 edge (v3) and 2 edges (v1): dL/dv0 after k steps is -(theta eps1 + 2 v0 eps3) with the closed
// form of each.
TEST(ScalarGraphKernels, LeaveTheClosedFormErrorAfterAHundredSteps) {
  using freefall::by_hand::scalar_graph::binomial_tail;
  const double by_v1 = -2 * 0.9844156312, by_v3 = -10 * 6.1685798021;
  for (const double eta : {0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 1.5}) {
    instance graph = at_five(2, 3);
    graph.eta() = eta;
    graph.relax(1);
    EXPECT_NEAR(graph.by_v0()(0),
                by_v1 * binomial_tail<double>(100, eta, 2) + by_v3 * binomial_tail<double>(100, eta, 1), 2e-9)
        << eta;
    graph.relax_back(1);
    EXPECT_NEAR(graph.by_v0()(0),
                by_v1 * binomial_tail<double>(101, eta, 2) + by_v3 * binomial_tail<double>(100, eta, 1), 2e-9)
        << eta;
  }
  instance graph = at_five(2, 3);
  graph.relax(1);
  EXPECT_NEAR(graph.by_v0()(0) / -63.6546292833 - 1, -3.569e-5, 5e-9);  // eta 0.1; Octave
}

// Every copy is a graph of its own; the parameter they share collects the gradients of all.
TEST(ScalarGraphKernels, CopiesDoNotMix) {
  instance graph = at_five(2, 3);
  for (int i = 0; i < 6; ++i) graph.v0()(i) = 1 + 0.7 * i;
  graph.sweep(6);
  double together = 0;
  for (int i = 0; i < 6; ++i) {
    instance alone = at_five(2, 3);
    alone.v0()(0) = 1 + 0.7 * i;
    alone.sweep(1);
    EXPECT_DOUBLE_EQ(graph.by_v0()(i), alone.by_v0()(0));
    together += alone.by_theta();
  }
  EXPECT_NEAR(graph.by_theta(), together, 1e-12 * std::fabs(together));
}

// Without hold F falls, and the fixed point is not the gradient of the loss.
TEST(ScalarGraphKernels, StrictDescentLowersFAndEndsElsewhere) {
  instance graph = at_five(2, 3);
  graph.eta() = 1e-3;
  graph.predict(1);
  graph.target().setConstant(3);
  graph.energy_at(1);
  const double before = graph.energy();
  graph.strict(1);
  EXPECT_LT(graph.energy(), before);
  EXPECT_GT(std::fabs(graph.by_v0()(0) + 63.6546292833), 1);
}

}  // namespace

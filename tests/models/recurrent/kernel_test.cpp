// The generated kernels against the hand-written network and its backpropagation through time.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "models/recurrent/example.hpp"

namespace freefall::test {
namespace {

using namespace models::recurrent;
using by_hand::recurrent::predictions;
using by_hand::recurrent::schedule;

constexpr double kExact = 1e-10;

void expect_gradients(::recurrent::instance& net, const by_hand::recurrent::parameters<double>& g) {
  EXPECT_LT(distance(net, g), kExact);
}

void expect_states(::recurrent::instance& net, const by_hand::recurrent::network<double>& expected) {
  for (const auto& [name, layer, size] : {std::tuple{"h1", 1u, kLower}, {"h2", 2u, kUpper}}) {
    const auto found = elements(net, name);
    for (int b = 0; b < kBatch; ++b) {
      for (int t = 0; t < kTicks; ++t) {
        for (int i = 0; i < size; ++i)
          EXPECT_NEAR(found[static_cast<std::size_t>((b * kTicks + t) * size + i)],
                      expected.h[layer][static_cast<std::size_t>(t) + 1](b, i), kExact)
              << name << " " << b << " " << t << " " << i;
      }
    }
  }
}

TEST(RecurrentKernels, PredictTickByTick) {
  const example s;
  auto net = make(s, 0.1);
  net.predict();
  expect_states(net, s.network());
}

// The fixed point under held predictions: dF/dtheta = dL/dtheta, exactly after one pass back.
TEST(RecurrentKernels, OneSweepBackIsBackpropagationThroughTime) {
  const example s;
  auto net = make(s, 0.1);
  net.sweep();
  expect_gradients(net, s.network().backpropagate());
  auto settled = s.network();
  settled.settle();
  expect_states(net, settled);
}

// Forty simultaneous steps of size 1 are more than the longest path has edges (8 ticks and 2 layers).
TEST(RecurrentKernels, EquilibriumIsBackpropagationThroughTime) {
  const example s;
  auto net = make(s, 1);
  net.relax();
  expect_gradients(net, s.network().backpropagate());
  net.relax_ticks();
  expect_gradients(net, s.network().backpropagate());
}

TEST(RecurrentKernels, TransientIsThatOfTheReference) {
  const example s;
  for (const double eta : {0.05, 0.3}) {
    auto net = make(s, eta);
    net.relax();
    auto expected = s.network();
    expected.relax(predictions::fixed, schedule::simultaneous, 40, eta);
    expect_states(net, expected);
    expect_gradients(net, expected.parameter_gradient());
    net.relax_ticks();
    expected = s.network();
    expected.relax(predictions::fixed, schedule::time_blocked, 40, eta);
    expect_states(net, expected);
    expect_gradients(net, expected.parameter_gradient());
  }
}

TEST(RecurrentKernels, StrictDescentIsThatOfTheReference) {
  const example s;
  auto net = make(s, 0.05);
  net.strict();
  auto expected = s.network();
  const double before = expected.energy();
  expected.relax(predictions::live, schedule::simultaneous, 40, 0.05);
  expect_states(net, expected);
  const double constants = kBatch * kTicks * (kLower + kUpper + kLabel) * std::log(2 * std::acos(-1.0)) / 2;
  EXPECT_NEAR(net.energy(), expected.energy() + constants, 1e-10 * net.energy());
  EXPECT_LT(expected.energy(), before);
}

// Fewer sequences than the capacity.
TEST(RecurrentKernels, OneSequenceAloneIsTheSame) {
  const example s;
  auto all = make(s, 0.1), one = make(s, 0.1);
  all.sweep(3);
  one.sweep(1);
  for (std::size_t i = 0; i < static_cast<std::size_t>(kTicks * kLower); ++i)
    EXPECT_DOUBLE_EQ(elements(one, "h1")[i], elements(all, "h1")[i]);
}

}  // namespace
}  // namespace freefall::test

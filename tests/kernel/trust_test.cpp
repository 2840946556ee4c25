// A library that trusts arrays computes what the library that checks them does, bit for bit; a NaN in one is
// reported as the divergence of what it reached, and all others are refused as ever.

#include <gtest/gtest.h>
#include <events_5_double_views.hpp>
#include <events_5_float_views.hpp>
#include <events_trusted_double_views.hpp>
#include <events_trusted_float_views.hpp>
#include <pcn_tanh_double_views.hpp>
#include <pcn_tanh_float_views.hpp>
#include <pcn_trusted_double_views.hpp>
#include <pcn_trusted_float_views.hpp>

#include <cmath>
#include <limits>

#include "tests/kernel/named_arrays.hpp"

namespace freefall::test {
namespace {

using runtime::fault;
using runtime::kernel_error;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// What `call` reports.
template <class Call>
runtime::status reported(Call&& call) {
  try {
    call();
  } catch (const kernel_error& e) {
    return e.reason();
  }
  return {};
}

template <class Instance>
auto snapshot(Instance& net, std::span<const runtime::tensor_info> tensors) {
  std::vector<typename decltype(net.elements(0))::value_type> out;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    for (const auto x : net.elements(i)) out.push_back(x);
  }
  return out;
}

// ---- a network ----

template <class Instance>
void set(Instance& net, std::span<const runtime::tensor_info> tensors) {
  NamedArrays<Instance> arrays(net, tensors);
  std::mt19937_64 random(5);
  for (const auto& t : tensors) {
    if (t.role == runtime::tensor_role::variable || t.role == runtime::tensor_role::parameter)
      fill(arrays[t.name], random, 0.5);
  }
  net.inference_rate() = static_cast<typename decltype(net.elements(0))::value_type>(0.1);
  net.learning_rate() = static_cast<typename decltype(net.elements(0))::value_type>(1e-3);
}

template <class Checked, class Trusting>
void expect_same_network(std::span<const runtime::tensor_info> tensors) {
  Checked checked;
  Trusting trusting;
  set(checked, tensors);
  set(trusting, tensors);
  for (int step = 0; step < 3; ++step) {
    checked.train();
    trusting.train();
  }
  EXPECT_EQ(snapshot(trusting, tensors), snapshot(checked, tensors));
}

TEST(Trust, KeepsEveryBitOfANetwork) {
  expect_same_network<pcn_tanh_double::instance, pcn_trusted_double::instance>(pcn_tanh_double::tensors());
  expect_same_network<pcn_tanh_float::instance, pcn_trusted_float::instance>(pcn_tanh_float::tensors());
}

struct Network : testing::Test {
  pcn_trusted_double::instance net;
  Network() { set(net, pcn_trusted_double::tensors()); }
};

// The kernel has run: what is reported is a result, and its inputs are not looked at for the message.
TEST_F(Network, ANaNIsReportedAsTheDivergenceOfWhatItReached) {
  net.W2()(3, 4) = kNaN;
  const auto before = net.h1()(0, 0);
  const runtime::status s = reported([&] { net.train(); });
  EXPECT_EQ(s.what, fault::diverged);
  EXPECT_STREQ(s.tensor, "h1");
  EXPECT_TRUE(std::isnan(net.h1()(0, 0)) && !std::isnan(before)) << "the kernel has not run";
}

// The limit of tanh is a number.
TEST_F(Network, AnInfinityIsWhatTheFunctionsMakeOfIt) {
  net.image()(1, 2) = kInfinity;
  EXPECT_EQ(reported([&] { net.predict(); }).what, fault::none);
  EXPECT_EQ(std::abs(net.h1()(1, 0)), 1) << "h1 = tanh(b1 + W1 image)";
}

TEST_F(Network, ANaNOfWhatIsCheckedIsRefusedAndNothingIsWritten) {
  for (const char* name : {"W1_mean", "b1", "digit"}) {
    NamedArrays<pcn_trusted_double::instance> arrays(net, pcn_trusted_double::tensors());
    const double kept = arrays[name][1];
    arrays[name][1] = 0;
    const auto before = snapshot(net, pcn_trusted_double::tensors());
    arrays[name][1] = kNaN;
    const runtime::status s = reported([&] { net.train(); });
    EXPECT_EQ(s.what, fault::not_finite);
    EXPECT_STREQ(s.tensor, name);
    EXPECT_EQ(s.element, 1U);
    arrays[name][1] = 0;
    EXPECT_EQ(snapshot(net, pcn_trusted_double::tensors()), before) << "something was written";
    arrays[name][1] = kept;
  }
  EXPECT_EQ(reported([&] { net.train(); }).what, fault::none);
}

TEST_F(Network, ANullPointerOfATrustedArrayIsRefused) {
  auto a = net.raw();
  a.W2 = nullptr;
  runtime::workspace workspace(pcn_trusted_double::train_workspace_bytes);
  const runtime::status s = pcn_trusted_double::train(a, workspace.data());
  EXPECT_EQ(s.what, fault::null_argument);
  EXPECT_STREQ(s.tensor, "W2");
}

// ---- units that fire: what is compared, and what one unit alone changes ----

template <class Instance>
void drive(Instance& net) {
  NamedArrays<Instance> arrays(net, events_5_double::tensors());
  std::mt19937_64 random(7);
  for (const char* name : {"u", "D", "W", "V"}) fill(arrays[name], random, 0.9);
  net.eta() = static_cast<typename decltype(net.elements(0))::value_type>(0.125);
}

template <class Checked, class Trusting>
void expect_same_events() {
  Checked checked;
  Trusting trusting;
  drive(checked);
  drive(trusting);
  bool fired = false;
  for (int tick = 0; tick < 20; ++tick) {
    checked.step();
    trusting.step();
    fired = fired || checked.r_gain() > 0;
  }
  EXPECT_TRUE(fired);
  const auto tensors = events_5_double::tensors();
  EXPECT_EQ(snapshot(trusting, tensors), snapshot(checked, tensors));
}

TEST(Trust, KeepsEveryBitOfUnitsThatFire) {
  expect_same_events<events_5_double::instance, events_trusted_double::instance>();
  expect_same_events<events_5_float::instance, events_trusted_float::instance>();
}

TEST(Trust, ANaNThatIsComparedShowsInWhatIsGivenOut) {
  for (const int unit : {0, 4}) {
    events_trusted_double::instance net;
    drive(net);
    net.D()(1, unit) = kNaN;
    const runtime::status s = reported([&] { net.step(); });
    EXPECT_EQ(s.what, fault::diverged);
    EXPECT_STREQ(s.tensor, "V");
    EXPECT_EQ(s.element, static_cast<std::size_t>(unit));
  }
}

TEST(Trust, AnInfinityInASumIsReported) {
  events_trusted_double::instance net;
  drive(net);
  net.u()(1) = kInfinity;
  const runtime::status s = reported([&] { net.step(); });
  EXPECT_EQ(s.what, fault::diverged);
  EXPECT_STREQ(s.tensor, "x");
}

// A coupling is used when its unit fires, and it alone.
TEST(Trust, WhatIsNotUsedChangesNothing) {
  events_5_double::instance expected;
  events_trusted_double::instance net;
  const auto only_unit_three = [](auto& of) {
    of.V()(3) = 10;
    of.W().setConstant(0.5);
  };
  only_unit_three(expected);
  only_unit_three(net);
  net.W()(2, 1) = kNaN;
  EXPECT_EQ(reported([&] { net.step(); }).what, fault::none);
  expected.step();
  EXPECT_EQ(net.r_winner(), 3);
  net.W()(2, 1) = expected.W()(2, 1);
  EXPECT_EQ(snapshot(net, events_5_double::tensors()), snapshot(expected, events_5_double::tensors()));
  net.W()(2, 3) = kNaN;
  net.V()(3) = 10;
  const runtime::status s = reported([&] { net.step(); });
  EXPECT_EQ(s.what, fault::diverged);
  EXPECT_STREQ(s.tensor, "W");
}

}  // namespace
}  // namespace freefall::test

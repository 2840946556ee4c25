// Arrays that kernels write: one-hot changes, checks of what is stored, and arrays that are trusted.

#include <gtest/gtest.h>
#include <events_5_double_views.hpp>
#include <events_5_float_views.hpp>
#include <events_64_views.hpp>

#include <limits>

#include "tests/kernel/expect_kernel_matches.hpp"
#include "tests/kernel/models/events.hpp"

namespace freefall::test {
namespace {

using runtime::fault;
using runtime::kernel_error;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

template <class Instance>
void expect_events_match(std::span<const runtime::tensor_info> tensors) {
  const ir::Program program = events().ir();
  expect_kernel_matches<Instance>(program, tensors, 1, "step", [](Instance& i) { i.step(); });
  expect_kernel_matches<Instance>(program, tensors, 1, "settle", [](Instance& i) { i.settle(); });
}

TEST(OneHot, KernelsDoWhatTheInterpreterDoes) {
  expect_events_match<events_5_double::instance>(events_5_double::tensors());
  expect_events_match<events_5_float::instance>(events_5_float::tensors());
  expect_events_match<events_64::instance>(events_64::tensors());
}

// The unit that fires changes its own column alone.
TEST(OneHot, NothingElseIsWritten) {
  events_64::instance net;
  net.eta() = 0.5;
  net.W().setOnes();
  net.V()(7) = 3;
  net.step();
  EXPECT_EQ(net.r_winner(), 7);
  for (Eigen::Index i = 0; i < 64; ++i) {
    for (Eigen::Index j = 0; j < 64; ++j) {
      // W - eta (V + W) with V as it was before the event, decayed by the tick.
      EXPECT_DOUBLE_EQ(net.W()(i, j), j != 7 ? 1 : 1 - 0.5 * ((i == 7 ? 0.9 * 3 : 0) + 1)) << i << ", " << j;
    }
  }
}

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

TEST(CheckedWhereWritten, ASumInAllElements) {
  events_64::instance net;
  net.W().setConstant(1e300);
  net.eta() = 1e10;
  const runtime::status s = reported([&] { net.settle(); });
  EXPECT_EQ(s.what, fault::diverged);
  EXPECT_STREQ(s.tensor, "W");
}

TEST(CheckedWhereWritten, ASumInOneColumn) {
  events_64::instance net;
  net.W()(5, 7) = 1e300;
  net.V()(7) = 3;
  net.eta() = 1e10;
  const runtime::status s = reported([&] { net.step(); });
  EXPECT_EQ(s.what, fault::diverged);
  EXPECT_STREQ(s.tensor, "W");
  EXPECT_EQ(s.element, 5U * 64U + 7U);
}

// What is wrong before an event is told after it.
TEST(CheckedWhereWritten, BeforeAnEvent) {
  events_64::instance net;
  net.V()(7) = 3;
  net.D().col(3).setConstant(-1e308);
  net.u().setConstant(2);
  EXPECT_EQ(reported([&] { net.step(); }).what, fault::diverged);
  EXPECT_EQ(net.r_winner(), 7);
  EXPECT_EQ(net.V()(3), -std::numeric_limits<double>::infinity());
}

TEST(TrustedState, IsNotReadToBeChecked) {
  events_64::instance net;
  net.W()(3, 5) = kNaN;
  EXPECT_EQ(reported([&] { net.step(); }).what, fault::not_finite);
  net.trust_state();
  EXPECT_EQ(reported([&] { net.step(); }).what, fault::none);  // no unit fires, so nothing reads W
  net.trust_state(false);
  EXPECT_EQ(reported([&] { net.step(); }).what, fault::not_finite);
}

TEST(TrustedState, IsWhatKernelsWriteAlone) {
  events_64::instance net;
  net.trust_state();
  net.D()(1, 2) = kNaN;  // no kernel writes it
  const runtime::status s = reported([&] { net.step(); });
  EXPECT_EQ(s.what, fault::not_finite);
  EXPECT_STREQ(s.tensor, "D");
  net.D()(1, 2) = 0;
  net.u()(1) = kNaN;
  EXPECT_STREQ(reported([&] { net.step(); }).tensor, "u");
}

TEST(TrustedState, EndsWithTheFirstFault) {
  events_64::instance net;
  net.trust_state();
  net.W()(3, 5) = kNaN;
  EXPECT_EQ(reported([&] { net.settle(); }).what, fault::diverged);
  EXPECT_EQ(reported([&] { net.step(); }).what, fault::not_finite);
}

}  // namespace
}  // namespace freefall::test

// Emitted kernels of a program with constants: what `prepare` computes and refuses.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <filter_double_views.hpp>
#include <filter_float_views.hpp>
#include <filter_written_views.hpp>

#include <limits>

#include "tests/kernel/expect_kernel_matches.hpp"
#include "tests/kernel/models/filter.hpp"

namespace freefall::test {
namespace {

using testing::HasSubstr;

template <class Instance>
void expect_filter_matches(std::span<const runtime::tensor_info> tensors) {
  const ir::Program program = filter().ir();
  expect_kernel_matches<Instance>(program, tensors, 1, "tick", [](Instance& i) { i.tick(); });
  expect_kernel_matches<Instance>(program, tensors, 1, "energy", [](Instance& i) { i.energy(); });
}

TEST(Constants, KernelsDoWhatTheInterpreterDoes) {
  expect_filter_matches<filter_double::instance>(filter_double::tensors());
  expect_filter_matches<filter_float::instance>(filter_float::tensors());
}

template <class Instance>
void set(Instance& i) {
  i.A() << 0.9, 0.1, 0, 0, 0.8, 0.1, 0.1, 0, 0.7;
  i.C() << 1, 0, 0.5, 0, 1, -0.5;
  i.P() << 2, 0.2, 0, 0.2, 2, 0, 0, 0, 1;
  i.Q() << 0.5, 0.1, 0.1, 0.5;
  i.y() << 1, -1;
}

TEST(Constants, TheFoldedFilterStaysWithTheOneAsWrittenForAThousandTicks) {
  filter_double::instance folded;
  filter_written::instance written;
  set(folded);
  set(written);
  folded.prepare();
  written.prepare();
  for (int t = 0; t < 1000; ++t) {
    for (auto* y : {folded.y().data(), written.y().data()}) {
      y[0] = std::sin(0.1 * t);
      y[1] = std::cos(0.2 * t);
    }
    folded.tick();
    written.tick();
  }
  for (int k = 0; k < 3; ++k) EXPECT_NEAR(folded.x().data()[k], written.x().data()[k], 1e-13);
}

std::string refused(filter_double::instance& i, void (filter_double::instance::*kernel)()) {
  try {
    (i.*kernel)();
  } catch (const runtime::kernel_error& e) {
    return e.what();
  }
  return "";
}

TEST(Constants, AKernelBeforePrepareIsRefused) {
  filter_double::instance i;
  set(i);
  EXPECT_THAT(refused(i, &filter_double::instance::tick), HasSubstr("call prepare() before"));
  i.prepare();
  EXPECT_EQ(refused(i, &filter_double::instance::tick), "");
}

TEST(Constants, PrepareRefusesABadConstantAndKeepsWhatWasPrepared) {
  filter_double::instance i;
  set(i);
  i.prepare();
  i.A()(1, 2) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(refused(i, &filter_double::instance::prepare),
              HasSubstr("'A' is not finite at element 5 (state 1, state 2)"));
  EXPECT_EQ(refused(i, &filter_double::instance::tick), "");
}

TEST(Constants, AfterAFailedPrepareNothingRuns) {
  filter_double::instance i;
  set(i);
  i.prepare();
  i.Q()(0, 0) = -1;
  EXPECT_THAT(refused(i, &filter_double::instance::prepare), HasSubstr("'Q' is not positive definite"));
  EXPECT_THAT(refused(i, &filter_double::instance::tick), HasSubstr("call prepare() before"));
}

TEST(Constants, ANewConstantCountsFromTheNextPrepareOn) {
  filter_double::instance i, j;
  set(i);
  set(j);
  i.prepare();
  j.prepare();
  j.C()(0, 0) = 2;
  i.tick();
  j.tick();
  EXPECT_EQ(i.x()(0), j.x()(0));
  j.prepare();
  i.tick();
  j.tick();
  EXPECT_NE(i.x()(0), j.x()(0));
}

}  // namespace
}  // namespace freefall::test

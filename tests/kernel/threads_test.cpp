// Several threads share the work of a call: every array has the bits it has with one.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pcn_shared_double_views.hpp>
#include <pcn_shared_float_views.hpp>

#include <array>
#include <cstring>
#include <freefall/runtime/team.hpp>
#include <limits>
#include <memory>
#include <thread>
#ifdef __linux__
#include <sched.h>
#endif

#include "tests/kernel/named_arrays.hpp"

namespace freefall::test {
namespace {

// A thread that a kernel makes inherits the mode of its maker; these have that of main(), before any test.
[[maybe_unused]] const bool workers_are_made = [] {
  runtime::run_team(5, [](const runtime::team&) {});
  return true;
}();

template <class Instance>
void start(Instance& net, std::span<const runtime::tensor_info> tensors) {
  std::mt19937_64 random(3);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].role == runtime::tensor_role::variable ||
        tensors[i].role == runtime::tensor_role::parameter)
      fill(net.elements(i), random, 0.3);
  }
  net.inference_rate() = 0.05;
  net.learning_rate() = 1e-3;
}

template <class Instance>
void expect_same_bits(Instance& found, Instance& expected, std::span<const runtime::tensor_info> tensors) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto a = found.elements(i), b = expected.elements(i);
    EXPECT_EQ(std::memcmp(a.data(), b.data(), a.size_bytes()), 0) << tensors[i].name;
  }
}

template <class Instance>
void train(Instance& net) {
  for (const std::size_t copies : {80u, 33u, 1u, 80u}) {
    net.train(copies);
    net.infer(copies);
  }
}

template <class Instance>
void expect_one_result(std::span<const runtime::tensor_info> tensors) {
  Instance one;
  start(one, tensors);
  train(one);
  for (const std::size_t threads : {2u, 3u, 5u}) {  // more than slices, too
    SCOPED_TRACE(threads);
    Instance several;
    several.use_threads(threads);
    start(several, tensors);
    train(several);
    expect_same_bits(several, one, tensors);
  }
}

TEST(Threads, ResultsHaveTheBitsOfOne) {
  expect_one_result<pcn_shared_float::instance>(pcn_shared_float::tensors());
  expect_one_result<pcn_shared_double::instance>(pcn_shared_double::tensors());
}

TEST(Threads, CallersAtTheSameTimeDoNotDisturbEachOther) {
  const auto tensors = pcn_shared_float::tensors();
  pcn_shared_float::instance alone, nets[3];
  start(alone, tensors);
  train(alone);
  std::vector<std::thread> callers;
  for (auto& net : nets) {
    callers.emplace_back([&net, tensors] {
      net.use_threads(2);
      start(net, tensors);
      train(net);
    });
  }
  for (std::thread& t : callers) t.join();
  for (auto& net : nets) expect_same_bits(net, alone, tensors);
}

#if defined(__SSE__) || defined(__aarch64__)

// Denormal pixels times weights that make normal numbers of them are as good as no pixels: every thread of
// the team takes denormal numbers as zero, not the calling one alone.
template <class Instance>
void expect_denormals_are_zero(std::span<const runtime::tensor_info> tensors) {
  using Scalar = std::remove_reference_t<decltype(std::declval<Instance&>().inference_rate())>;
  using limits = std::numeric_limits<Scalar>;
  const auto infer = [&](Scalar pixel, std::size_t threads) {
    auto net = std::make_unique<Instance>();
    net->use_threads(threads);
    start(*net, tensors);
    net->W1() *= Scalar(0.01) / limits::min();
    net->image().setConstant(pixel);
    net->infer();
    return net;
  };
  const auto none = infer(0, 1), normal = infer(limits::min(), 1);
  ASSERT_NE(none->h1(), normal->h1());  // pixels are read
  for (const std::size_t threads : {1u, 2u, 5u}) {
    SCOPED_TRACE(threads);
    const auto denormal = infer(limits::min() / 2, threads);
    EXPECT_EQ(denormal->h1(), none->h1());
    EXPECT_EQ(denormal->h2(), none->h2());
  }
}

TEST(Threads, AllTakeDenormalNumbersAsZero) {
  expect_denormals_are_zero<pcn_shared_float::instance>(pcn_shared_float::tensors());
  expect_denormals_are_zero<pcn_shared_double::instance>(pcn_shared_double::tensors());
}

#endif

#ifdef __linux__
// Both are put on one processor, from which the one that helps is free to go.
TEST(Threads, LeaveTheProcessorOfTheirCaller) {
  cpu_set_t all;
  ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
  if (CPU_COUNT(&all) < 2) GTEST_SKIP() << "one processor";
  const int here = sched_getcpu();
  cpu_set_t only_here;
  CPU_ZERO(&only_here);
  CPU_SET(static_cast<std::size_t>(here), &only_here);
  ASSERT_EQ(sched_setaffinity(0, sizeof only_here, &only_here), 0);
  std::array<int, 2> processors{};
  for (int call = 0; call < 20; ++call) {
    runtime::run_team(2, [&](const runtime::team& t) {
      processors[t.thread()] = sched_getcpu();
      if (t.is_first()) return;
      sched_setaffinity(0, sizeof only_here, &only_here);
      sched_setaffinity(0, sizeof all, &all);
    });
    if (call > 0) {
      EXPECT_EQ(processors[0], here);
      EXPECT_NE(processors[1], here) << "call " << call;
    }
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof all, &all), 0);
}
#endif

// The last row of weights overflows; the threads share its rows, and each looks at what it stores.
template <class Instance>
void expect_overflow_is_told(std::span<const runtime::tensor_info> tensors, double much) {
  for (const std::size_t threads : {1u, 2u, 3u}) {
    SCOPED_TRACE(threads);
    Instance net;
    net.use_threads(threads);
    start(net, tensors);
    net.inference_rate() = 0;
    EXPECT_NO_THROW(net.train());
    net.learning_rate() = much;
    net.digit()(79, 9) = much;
    runtime::status s;
    try {
      net.train();
    } catch (const runtime::kernel_error& e) {
      s = e.reason();
    }
    EXPECT_EQ(s.what, runtime::fault::diverged);
    EXPECT_STREQ(s.tensor, "W3");
    EXPECT_EQ(s.element, 9U * 48U);
  }
}

TEST(Threads, WhatOverflowsIsToldWhicheverStoredIt) {
  expect_overflow_is_told<pcn_shared_float::instance>(pcn_shared_float::tensors(), 1e25);
  expect_overflow_is_told<pcn_shared_double::instance>(pcn_shared_double::tensors(), 1e200);
}

TEST(Threads, NoneAreRefused) {
  pcn_shared_float::instance net;
  EXPECT_THROW(net.use_threads(0), std::invalid_argument);
  auto arrays = net.raw();
  arrays.threads = 0;
  std::vector<std::byte> memory(pcn_shared_float::train_workspace_bytes + 64);
  void* aligned = memory.data();
  std::size_t space = memory.size();
  ASSERT_NE(std::align(64, pcn_shared_float::train_workspace_bytes, aligned, space), nullptr);
  const runtime::status s = pcn_shared_float::train(arrays, aligned);
  EXPECT_EQ(s.what, runtime::fault::no_threads);
  EXPECT_THAT(runtime::describe(s, pcn_shared_float::tensors()),
              testing::HasSubstr("'threads' is 0; expected at least 1"));
}

}  // namespace
}  // namespace freefall::test

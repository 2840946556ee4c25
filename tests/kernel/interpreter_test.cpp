// Emitted kernels against the loop interpreter for the same program: sizes of one, around the numbers of
// lanes and odd, every kind of spread, partial batches.

#include <gtest/gtest.h>
#include <blocked_double_views.hpp>
#include <blocked_float_views.hpp>
#include <pcn_portable_views.hpp>
#include <pcn_sizes_a_double_views.hpp>
#include <pcn_sizes_a_float_views.hpp>
#include <pcn_sizes_b_double_views.hpp>
#include <pcn_sizes_b_float_views.hpp>
#include <pcn_sizes_c_double_views.hpp>
#include <pcn_sizes_c_float_views.hpp>
#include <scans_double_views.hpp>
#include <scans_float_views.hpp>
#include <spreads_double_views.hpp>
#include <spreads_float_views.hpp>

#include "models/pcn/network.hpp"
#include "tests/kernel/expect_kernel_matches.hpp"
#include "tests/kernel/models/methods.hpp"
#include "tests/kernel/models/scans.hpp"
#include "tests/kernel/models/spreads.hpp"

namespace freefall::test {
namespace {

ir::Program tanh_network() {
  return pcn::network<3, 20, pcn::biases::yes>([](auto a) { return freefall::tanh(a); }).ir();
}

template <class Instance>
void expect_network_matches(std::span<const runtime::tensor_info> tensors, std::size_t capacity,
                            const ir::Program& program = tanh_network()) {
  for (const std::size_t copies : {capacity, (capacity + 1) / 2, std::size_t{1}}) {
    expect_kernel_matches<Instance>(program, tensors, copies, "predict",
                                    [&](Instance& i) { i.predict(copies); });
    expect_kernel_matches<Instance>(program, tensors, copies, "infer", [&](Instance& i) { i.infer(copies); });
    expect_kernel_matches<Instance>(program, tensors, copies, "train", [&](Instance& i) { i.train(copies); });
    expect_kernel_matches<Instance>(program, tensors, copies, "energy",
                                    [&](Instance& i) { i.energy(copies); });
  }
}

TEST(KernelEqualsInterpreter, SizesOneAndAroundSixteenLanes) {
  expect_network_matches<pcn_sizes_a_double::instance>(pcn_sizes_a_double::tensors(), 7);
  expect_network_matches<pcn_sizes_a_float::instance>(pcn_sizes_a_float::tensors(), 7);
}
TEST(KernelEqualsInterpreter, OneCopyOneUnitAndAroundEightLanes) {
  expect_network_matches<pcn_sizes_b_double::instance>(pcn_sizes_b_double::tensors(), 1);
  expect_network_matches<pcn_sizes_b_float::instance>(pcn_sizes_b_float::tensors(), 1);
}
TEST(KernelEqualsInterpreter, OddSizesAndOneLabel) {
  expect_network_matches<pcn_sizes_c_double::instance>(pcn_sizes_c_double::tensors(), 37);
  expect_network_matches<pcn_sizes_c_float::instance>(pcn_sizes_c_float::tensors(), 37);
}
// Sums of 530 are beyond the table of addresses, and the matrices beyond half of a second cache of 8 KB.
TEST(KernelEqualsInterpreter, ProductsBlockedByTheCachesAndTilesOfTheirOwn) {
  const ir::Program program = learn_by([](auto rate) { return sgd(rate); }).ir();
  expect_network_matches<blocked_double::instance>(blocked_double::tensors(), 9, program);
  expect_network_matches<blocked_float::instance>(blocked_float::tensors(), 9, program);
}
TEST(KernelEqualsInterpreter, APortableLibrary) {
  expect_network_matches<pcn_portable::instance>(pcn_portable::tensors(), 8);
}

template <class Instance>
void expect_spreads_match(std::span<const runtime::tensor_info> tensors) {
  const ir::Program program = spreads().ir();
  for (const std::size_t copies : {5, 2, 1}) {
    expect_kernel_matches<Instance>(program, tensors, copies, "infer", [&](Instance& i) { i.infer(copies); });
    expect_kernel_matches<Instance>(program, tensors, copies, "train", [&](Instance& i) { i.train(copies); });
    expect_kernel_matches<Instance>(program, tensors, copies, "energy",
                                    [&](Instance& i) { i.energy(copies); });
  }
}

TEST(KernelEqualsInterpreter, EveryKindOfSpreadAndUntil) {
  expect_spreads_match<spreads_double::instance>(spreads_double::tensors());
  expect_spreads_match<spreads_float::instance>(spreads_float::tensors());
}

template <class Instance>
void expect_scans_match(std::span<const runtime::tensor_info> tensors) {
  const ir::Program program = scans().ir();
  for (const std::size_t copies : {5, 2, 1}) {
    const auto matches = [&](const char* kernel, void (Instance::*call)(std::size_t)) {
      expect_kernel_matches<Instance>(program, tensors, copies, kernel,
                                      [&](Instance& i) { (i.*call)(copies); });
    };
    matches("gauss_seidel", &Instance::gauss_seidel);
    matches("from_the_last", &Instance::from_the_last);
    matches("adaptive", &Instance::adaptive);
    matches("settle", &Instance::settle);
  }
}

TEST(KernelEqualsInterpreter, OneElementAfterTheOther) {
  expect_scans_match<scans_double::instance>(scans_double::tensors());
  expect_scans_match<scans_float::instance>(scans_float::tensors());
}

}  // namespace
}  // namespace freefall::test

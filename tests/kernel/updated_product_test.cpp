// A change of a matrix and its product in one pass, across the passes of a loop and within one, against the
// loop interpreter, which takes one after the other.

#include <gtest/gtest.h>
#include <online_by_columns_double_views.hpp>
#include <online_by_columns_float_views.hpp>
#include <online_by_rows_double_views.hpp>
#include <online_by_rows_float_views.hpp>

#include "tests/kernel/expect_kernel_matches.hpp"
#include "tests/kernel/models/online.hpp"

namespace freefall::test {
namespace {

template <class Instance, class Layout>
void expect_online_matches(std::span<const runtime::tensor_info> tensors, Layout layout) {
  const ir::Program program = online(layout).ir();
  Instance instance;
  using Scalar = typename decltype(instance.elements(0))::value_type;
  const plan::Specialisation sizes = sizes_of<Scalar>(tensors);
  const long double tolerance = std::is_same_v<Scalar, float> ? 3e-5L : 1e-12L;
  std::mt19937_64 random(3);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto to = instance.elements(i);
    fill(to, random, tensors[i].rank == 2 ? 0.1 : 0.5);
    if (std::string_view(tensors[i].name) == "eta") to[0] = Scalar(0.05);
    if (std::string_view(tensors[i].name) == "J") {
      for (std::size_t k = 0; k < tensors[i].extents[0]; ++k) to[k * (tensors[i].extents[0] + 1)] = 0;
    }
  }
  instance.draw_seed = kDrawSeed;
  for (const std::string_view name : {"run", "run_on", "learn"}) {
    Arrays<long double> values;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const auto from = instance.elements(i);
      values[tensors[i].name] = {from.begin(), from.end()};
    }
    const plan::Compilation c = plan::compile(program, sizes);
    const auto kernel =
        std::find_if(c.kernels.begin(), c.kernels.end(), [&](const auto& k) { return k.name == name; });
    const auto expected =
        run_operations<long double>(kernel->operations, *program.context, values, c.sizes, {});
    instance.draw_step = 0;
    name == "run" ? instance.run() : name == "run_on" ? instance.run_on() : instance.learn();
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const auto found = instance.elements(i);
      EXPECT_LE(distance<long double>({found.begin(), found.end()}, expected.at(tensors[i].name)), tolerance)
          << name << ": " << tensors[i].name;
    }
  }
}

TEST(UpdatedProduct, ByRowsEqualsTheInterpreter) {
  expect_online_matches<online_by_rows_double::instance>(online_by_rows_double::tensors(), by_rows{});
  expect_online_matches<online_by_rows_float::instance>(online_by_rows_float::tensors(), by_rows{});
}
TEST(UpdatedProduct, ByColumnsEqualsTheInterpreter) {
  expect_online_matches<online_by_columns_double::instance>(online_by_columns_double::tensors(),
                                                            by_columns{});
  expect_online_matches<online_by_columns_float::instance>(online_by_columns_float::tensors(), by_columns{});
}

TEST(UpdatedProduct, WhatIsNotFiniteInTheMatrixIsReported) {
  online_by_rows_double::instance net;
  net.eta() = std::numeric_limits<double>::max();
  net.sigma().setConstant(0.5);
  net.bias().setConstant(1);
  EXPECT_ANY_THROW({
    for (int calls = 0; calls < 4; ++calls) net.run();
  });
}

// In the copies that many passes work on it is seen behind them.
TEST(UpdatedProduct, WhatIsNotFiniteInAPaddedMatrixIsReported) {
  online_by_columns_double::instance net;
  net.eta() = std::numeric_limits<double>::max();
  net.sigma().setConstant(0.5);
  net.bias().setConstant(1);
  EXPECT_ANY_THROW(net.run_on());
}

}  // namespace
}  // namespace freefall::test

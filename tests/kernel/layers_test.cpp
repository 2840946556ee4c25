// Layers of weights by rows and by columns against the loop interpreter, for numbers of copies and units that
// fill no whole tile and no whole vector; each copy has the same bits whatever their number, and whatever the
// number of threads.

#include <gtest/gtest.h>
#include <layers_columns_a_double_views.hpp>
#include <layers_columns_a_float_views.hpp>
#include <layers_columns_b_double_views.hpp>
#include <layers_columns_b_float_views.hpp>
#include <layers_columns_c_double_views.hpp>
#include <layers_columns_c_float_views.hpp>
#include <layers_columns_portable_views.hpp>
#include <layers_rows_a_double_views.hpp>
#include <layers_rows_a_float_views.hpp>
#include <layers_rows_b_double_views.hpp>
#include <layers_rows_b_float_views.hpp>
#include <layers_rows_c_double_views.hpp>
#include <layers_rows_c_float_views.hpp>
#include <layers_rows_portable_views.hpp>

#include <cstring>
#include <limits>
#include <utility>

#include "tests/kernel/expect_kernel_matches.hpp"
#include "tests/kernel/models/layers.hpp"

namespace freefall::test {
namespace {

template <class Instance, class Layout>
void expect_layers_match(std::span<const runtime::tensor_info> tensors, std::size_t capacity, Layout layout) {
  const ir::Program program = layers(layout).ir();
  for (const std::size_t copies : {capacity, (capacity + 1) / 2, std::size_t{1}}) {
    const auto matches = [&](const char* kernel, void (Instance::*call)(std::size_t)) {
      expect_kernel_matches<Instance>(program, tensors, copies, kernel,
                                      [&](Instance& i) { (i.*call)(copies); });
    };
    matches("first", &Instance::first);
    matches("both", &Instance::both);
    matches("bent", &Instance::bent);
  }
}

TEST(Layers, OfWeightsByRowsEqualTheInterpreter) {
  const weights_by_rows layout;
  expect_layers_match<layers_rows_a_double::instance>(layers_rows_a_double::tensors(), 17, layout);
  expect_layers_match<layers_rows_a_float::instance>(layers_rows_a_float::tensors(), 17, layout);
  expect_layers_match<layers_rows_b_double::instance>(layers_rows_b_double::tensors(), 2, layout);
  expect_layers_match<layers_rows_b_float::instance>(layers_rows_b_float::tensors(), 2, layout);
  expect_layers_match<layers_rows_c_double::instance>(layers_rows_c_double::tensors(), 97, layout);
  expect_layers_match<layers_rows_c_float::instance>(layers_rows_c_float::tensors(), 97, layout);
  expect_layers_match<layers_rows_portable::instance>(layers_rows_portable::tensors(), 33, layout);
}

TEST(Layers, OfWeightsByColumnsEqualTheInterpreter) {
  const weights_by_columns layout;
  expect_layers_match<layers_columns_a_double::instance>(layers_columns_a_double::tensors(), 17, layout);
  expect_layers_match<layers_columns_a_float::instance>(layers_columns_a_float::tensors(), 17, layout);
  expect_layers_match<layers_columns_b_double::instance>(layers_columns_b_double::tensors(), 2, layout);
  expect_layers_match<layers_columns_b_float::instance>(layers_columns_b_float::tensors(), 2, layout);
  expect_layers_match<layers_columns_c_double::instance>(layers_columns_c_double::tensors(), 97, layout);
  expect_layers_match<layers_columns_c_float::instance>(layers_columns_c_float::tensors(), 97, layout);
  expect_layers_match<layers_columns_portable::instance>(layers_columns_portable::tensors(), 33, layout);
}

template <class Instance>
void start(Instance& net, std::span<const runtime::tensor_info> tensors) {
  std::mt19937_64 random(3);
  for (std::size_t i = 0; i < tensors.size(); ++i) fill(net.elements(i), random, 0.3);
}

// After a call with so many copies: h and y of these.
template <class Instance>
std::vector<double> predicted(std::span<const runtime::tensor_info> tensors, std::size_t copies,
                              std::size_t threads, void (Instance::*call)(std::size_t)) {
  Instance net;
  start(net, tensors);
  if constexpr (requires { net.use_threads(threads); }) net.use_threads(threads);
  (net.*call)(copies);
  std::vector<double> out;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::string_view name = tensors[i].name;
    if (name != "h" && name != "y") continue;
    const auto all = net.elements(i);
    const auto used = all.first(copies * (all.size() / tensors[i].extents[0]));
    out.insert(out.end(), used.begin(), used.end());
  }
  return out;
}

template <class Instance>
void expect_same_bits(std::span<const runtime::tensor_info> tensors) {
  for (const auto call : {&Instance::first, &Instance::both, &Instance::bent}) {
    for (const std::size_t copies : {97u, 50u, 1u}) {
      const auto alone = predicted<Instance>(tensors, copies, 1, call);
      for (const std::size_t threads : {2u, 3u, 5u})
        EXPECT_EQ(predicted<Instance>(tensors, copies, threads, call), alone) << threads << " threads";
    }
  }
}

TEST(Layers, HaveTheBitsOfOneThread) {
  static_assert(requires(layers_columns_c_float::instance net) { net.use_threads(2); });
  static_assert(requires(layers_rows_c_float::instance net) { net.use_threads(2); });
  expect_same_bits<layers_columns_c_float::instance>(layers_columns_c_float::tensors());
  expect_same_bits<layers_columns_c_double::instance>(layers_columns_c_double::tensors());
  expect_same_bits<layers_rows_c_float::instance>(layers_rows_c_float::tensors());
  expect_same_bits<layers_rows_c_double::instance>(layers_rows_c_double::tensors());
}

template <class Instance>
void expect_bits_of_all(std::span<const runtime::tensor_info> tensors, std::size_t capacity) {
  Instance all;
  start(all, tensors);
  all.first(capacity);
  for (std::size_t copies = 1; copies < capacity; ++copies) {
    Instance some;
    start(some, tensors);
    some.first(copies);
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      if (std::string_view(tensors[i].name) != "h") continue;
      const std::size_t bytes = copies * (all.elements(i).size_bytes() / capacity);
      EXPECT_EQ(std::memcmp(some.elements(i).data(), all.elements(i).data(), bytes), 0) << copies;
    }
  }
}

TEST(Layers, HaveTheSameBitsForEveryNumberOfCopies) {
  expect_bits_of_all<layers_columns_a_float::instance>(layers_columns_a_float::tensors(), 17);
  expect_bits_of_all<layers_columns_b_double::instance>(layers_columns_b_double::tensors(), 2);
  expect_bits_of_all<layers_columns_c_double::instance>(layers_columns_c_double::tensors(), 97);
  expect_bits_of_all<layers_rows_a_double::instance>(layers_rows_a_double::tensors(), 17);
  expect_bits_of_all<layers_rows_c_float::instance>(layers_rows_c_float::tensors(), 97);
}

// One element of h at a time is infinite: its row of W is too large for its copy.
template <class Instance>
void expect_reported(std::span<const runtime::tensor_info> tensors, std::size_t capacity, std::size_t threads,
                     bool by_columns) {
  using T = std::remove_reference_t<decltype(std::declval<Instance>().elements(0)[0])>;
  Instance net;
  start(net, tensors);
  std::span<T> x, W;
  std::size_t in = 0, units = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::string_view name = tensors[i].name;
    if (name == "x") x = net.elements(i), in = tensors[i].extents[1];
    if (name == "W") W = net.elements(i);
    if (name == "h") units = tensors[i].extents[1];
  }
  if constexpr (requires { net.use_threads(threads); }) net.use_threads(threads);
  const auto reported = [&](std::size_t copies) {
    try {
      net.first(copies);
    } catch (const runtime::kernel_error& e) {
      return e.reason();
    }
    return runtime::status{};
  };
  for (std::size_t copy = 0; copy < capacity; ++copy) {
    for (std::size_t j = copy % 3; j < units; j += 3) {
      T& large = x[copy * in + in - 1];
      T& weight = W[by_columns ? (in - 1) * units + j : j * in + in - 1];
      const T before = std::exchange(large, std::numeric_limits<T>::max()),
              was = std::exchange(weight, T(16));
      const runtime::status s = reported(capacity);
      EXPECT_EQ(s.what, runtime::fault::diverged) << copy << ", " << j;
      EXPECT_STREQ(s.tensor, "h");
      EXPECT_EQ(s.element, copy * units + j);
      if (copy > 0) {
        EXPECT_TRUE(reported(copy).ok()) << copy << ", " << j;
      }
      large = before;
      weight = was;
    }
  }
}

TEST(Layers, EveryElementIsLookedAt) {
  expect_reported<layers_columns_a_float::instance>(layers_columns_a_float::tensors(), 17, 1, true);
  expect_reported<layers_columns_a_double::instance>(layers_columns_a_double::tensors(), 17, 1, true);
  expect_reported<layers_columns_b_float::instance>(layers_columns_b_float::tensors(), 2, 1, true);
  expect_reported<layers_columns_portable::instance>(layers_columns_portable::tensors(), 33, 1, true);
  expect_reported<layers_rows_a_float::instance>(layers_rows_a_float::tensors(), 17, 1, false);
  for (const std::size_t threads : {1u, 3u}) {
    expect_reported<layers_columns_c_float::instance>(layers_columns_c_float::tensors(), 97, threads, true);
    expect_reported<layers_columns_c_double::instance>(layers_columns_c_double::tensors(), 97, threads, true);
    expect_reported<layers_rows_c_double::instance>(layers_rows_c_double::tensors(), 97, threads, false);
  }
}

}  // namespace
}  // namespace freefall::test

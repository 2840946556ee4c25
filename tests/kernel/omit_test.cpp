// A library with arrays that it does not give out computes the others as the library that gives all out.

#include <gtest/gtest.h>
#include <algorithm>
#include <tree_omitted_double_views.hpp>
#include <tree_omitted_float_views.hpp>
#include <tree_whole_double_views.hpp>
#include <tree_whole_float_views.hpp>

#include "tests/kernel/named_arrays.hpp"

namespace freefall::test {
namespace {

template <class Instance>
concept gives_beliefs = requires(Instance& i) {
  i.s1();
  i.s2_array();
};
static_assert(gives_beliefs<tree_whole_double::instance>);
static_assert(!gives_beliefs<tree_omitted_double::instance>);
template <class Arrays>
concept has_beliefs = requires(Arrays& a) { a.s1, a.s2; };
static_assert(has_beliefs<tree_whole_double::arrays>);
static_assert(!has_beliefs<tree_omitted_double::arrays>);

TEST(Omit, TheListOfArraysHasThemNot) {
  const auto has = [](std::span<const runtime::tensor_info> tensors, std::string_view name) {
    return std::any_of(tensors.begin(), tensors.end(), [&](const auto& t) { return t.name == name; });
  };
  for (const char* name : {"s1", "s2"}) {
    EXPECT_TRUE(has(tree_whole_double::tensors(), name));
    EXPECT_FALSE(has(tree_omitted_double::tensors(), name));
  }
  EXPECT_TRUE(has(tree_omitted_double::tensors(), "G"));
}

// A B, which the leaves read in place of A, is made by `prepare` alone: for each move that a policy may end
// with.
TEST(Omit, TheLeavesReadOneMatrixForEachMove) {
  const auto tensors = tree_omitted_double::tensors();
  const auto is_product = [](const runtime::tensor_info& t) {
    return t.role == runtime::tensor_role::prepared && t.rank == 3 && std::string_view(t.axes[0]) == "second";
  };
  EXPECT_TRUE(std::any_of(tensors.begin(), tensors.end(), is_product));
}

template <class Instance>
auto set(Instance& i, std::span<const runtime::tensor_info> tensors) {
  NamedArrays<Instance> arrays(i, tensors);
  std::mt19937_64 random(1);
  const auto probabilities = [&](std::string_view name, std::size_t outcomes) {  // along the first axis
    const auto to = arrays[name];
    fill(to, random, 0.4);
    const std::size_t others = to.size() / outcomes;
    for (std::size_t k = 0; k < others; ++k) {
      double sum = 0;
      for (std::size_t o = 0; o < outcomes; ++o) sum += static_cast<double>(to[o * others + k] += 1);
      for (std::size_t o = 0; o < outcomes; ++o)
        to[o * others + k] = static_cast<typename decltype(arrays[name])::value_type>(
            static_cast<double>(to[o * others + k]) / sum);
    }
  };
  probabilities("A", 7);
  probabilities("B", 16);
  probabilities("d", 16);
  probabilities("wanted", 7);
  i.prepare();
  i.step();
  return arrays;
}

template <class Whole, class Omitted>
void expect_same(std::span<const runtime::tensor_info> all, std::span<const runtime::tensor_info> given_out,
                 double tolerance) {
  Whole whole;
  Omitted omitted;
  const auto expected = set(whole, all);
  const auto found = set(omitted, given_out);
  for (const char* name : {"s", "a", "G"}) {
    const auto left = found[name], right = expected[name];
    ASSERT_EQ(left.size(), right.size());
    for (std::size_t k = 0; k < left.size(); ++k)
      EXPECT_NEAR(static_cast<double>(left[k]), static_cast<double>(right[k]), tolerance) << name << k;
  }
}

// G is of order one and a sum of some dozen products.
TEST(Omit, WhatIsGivenOutIsTheSame) {
  expect_same<tree_whole_double::instance, tree_omitted_double::instance>(
      tree_whole_double::tensors(), tree_omitted_double::tensors(), 1e-14);
  expect_same<tree_whole_float::instance, tree_omitted_float::instance>(tree_whole_float::tensors(),
                                                                        tree_omitted_float::tensors(), 1e-5);
}

}  // namespace
}  // namespace freefall::test

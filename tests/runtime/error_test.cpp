#include "freefall/runtime/error.hpp"

#include <gtest/gtest.h>

#include <string>

namespace freefall::runtime {
namespace {

constexpr const char* axes[] = {"batch", "hidden"};
constexpr std::size_t extents[] = {64, 256};
constexpr tensor_info h{"h", tensor_role::variable, 2, axes, extents, true};
constexpr tensor_info beta{"beta", tensor_role::input, 0, nullptr, nullptr, false};
static_assert(size(h) == 64 * 256);
static_assert(size(beta) == 1);

TEST(Describe, OfNoFaultIsEmpty) { EXPECT_EQ(describe(status{}), ""); }

TEST(Describe, SaysWhatWasFoundExpectedAndHowToMendIt) {
  EXPECT_EQ(describe({fault::null_argument, "infer", "W1", 0, 0, 200704}),
            "Kernel 'infer': 'W1' is a null pointer; expected the address of 200704 elements. Set this "
            "argument before "
            "the call.");
  EXPECT_EQ(
      describe({fault::misaligned_argument, "infer", "W1", 0, 16, 64}),
      "Kernel 'infer': 'W1' lies 16 bytes past a boundary of 64 bytes; expected an address divisible by 64. "
      "Allocate it with freefall::runtime::aligned_buffer.");
  EXPECT_EQ(describe({fault::copies_out_of_range, "infer", "batch", 0, 80, 64}),
            "Kernel 'infer': 'batch' was given 80 copies; expected 1 to 64. Call the kernel in blocks of at "
            "most 64 "
            "copies, or compile it for a larger plate.");
  EXPECT_EQ(describe({fault::not_finite, "infer", "h", 817, 0, 0}),
            "Kernel 'infer': 'h' is not finite at element 817; expected finite values. Look for NaN or "
            "infinity in the "
            "inputs and parameters, or lower the rate.");
  EXPECT_EQ(describe({fault::diverged, "infer", "h", 12, 0, 0}),
            "Kernel 'infer': 'h' diverged: element 12 is not finite. Lower the rate, or start closer to the "
            "solution. A precision that is zero, as in a new instance, does this too.");
  EXPECT_EQ(
      describe({fault::not_positive_definite, "filter", "Pi", 0, 0, 0}),
      "Kernel 'filter': 'Pi' is not positive definite; expected a symmetric positive "
      "definite matrix. Check what it is estimated from, or add a small positive number to its diagonal.");
  EXPECT_EQ(describe({fault::not_an_index, "perceive", "w", 2, 0, 4}),
            "Kernel 'perceive': 'w' is no index at element 2; expected a whole number from 0 to 3. Outcomes "
            "count from "
            "0.");
  EXPECT_EQ(describe({fault::diagonal_not_zero, "train", "J", 26, 0, 0}),
            "Kernel 'train': 'J' is not zero at element 26 of its diagonal; it was declared with "
            "no_diagonal. Set the "
            "diagonal to zero before the call.");
}

TEST(Describe, NamesTheFaultNumberOfAnotherVersion) {
  EXPECT_EQ(describe({static_cast<fault>(99), "infer", "h", 0, 0, 0}),
            "Kernel 'infer': 'h' returned the unknown fault 99; expected one of freefall::runtime::fault. "
            "Build the "
            "kernel and the runtime from the same version.");
}

TEST(Describe, GivesTheElementByAxis) {
  const tensor_info tensors[] = {beta, h};
  const std::string text = describe({fault::not_finite, "infer", "h", 3 * 256 + 49, 0, 0}, tensors);
  EXPECT_NE(text.find("at element 817 (batch 3, hidden 49);"), std::string::npos) << text;
}

TEST(Describe, GivesNoAxesForAScalarAnUnknownTensorOrAnElementBeyondTheEnd) {
  const tensor_info tensors[] = {beta, h};
  for (const status& s :
       {status{fault::not_finite, "k", "beta", 0, 0, 0}, status{fault::not_finite, "k", "eps_1", 0, 0, 0},
        status{fault::not_finite, "k", "h", 64 * 256, 0, 0}})
    EXPECT_EQ(describe(s, tensors), describe(s));
}

TEST(Require, ThrowsTheStatusWithItsText) {
  require(status{});
  const status s{fault::diverged, "infer", "F", 12, 0, 0};
  try {
    require(s);
    FAIL();
  } catch (const kernel_error& error) {
    EXPECT_EQ(error.what(), describe(s));
    EXPECT_EQ(error.reason().what, fault::diverged);
    EXPECT_EQ(error.reason().element, 12U);
  }
}

TEST(Require, AsksForTheArraysOnlyWhereSomethingIsWrong) {
  static int asked = 0;
  const auto tensors = +[] {
    ++asked;
    return std::span<const tensor_info>();
  };
  require(status{}, tensors);
  EXPECT_EQ(asked, 0);
  EXPECT_THROW(require({fault::not_finite, "step", "x", 3}, tensors), kernel_error);
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace freefall::runtime

// Which instruction set FREEFALL_ISA chooses on a processor, and what a kernel says when it cannot.

#include <gtest/gtest.h>

#include <freefall/runtime/dispatch.hpp>
#include <freefall/runtime/error.hpp>

namespace freefall::runtime {
namespace {

#ifdef __x86_64__
constexpr std::size_t baseline = 0, avx2 = 1, avx512 = 2;

TEST(SetChoice, IsTheLargestWhereNoneIsAskedFor) {
  for (const char* nothing : {static_cast<const char*>(nullptr), ""}) {
    for (const std::size_t largest : {baseline, avx2, avx512}) {
      EXPECT_TRUE(choose_set(nothing, largest).problem.ok());
      EXPECT_EQ(choose_set(nothing, largest).set, largest);
    }
  }
}

TEST(SetChoice, IsTheOneAskedForWhereTheProcessorHasIt) {
  for (const std::size_t largest : {baseline, avx2, avx512}) {
    for (std::size_t set = 0; set <= largest; ++set) {
      EXPECT_TRUE(choose_set(portable_sets.at(set), largest).problem.ok());
      EXPECT_EQ(choose_set(portable_sets.at(set), largest).set, set);
    }
  }
}

TEST(SetChoice, OfWhatTheProcessorLacksSaysWhatItHas) {
  status problem = choose_set("avx512", avx2).problem;
  problem.kernel = "infer";
  EXPECT_EQ(
      describe(problem),
      "Kernel 'infer': 'FREEFALL_ISA' is 'avx512', which this processor lacks; it has baseline and avx2. "
      "Give the environment variable one of these, or unset it and the largest is taken.");
  problem = choose_set("avx2", baseline).problem;
  problem.kernel = "infer";
  EXPECT_EQ(describe(problem),
            "Kernel 'infer': 'FREEFALL_ISA' is 'avx2', which this processor lacks; it has baseline. Give the "
            "environment variable one of these, or unset it and the largest is taken.");
}

// The text of an unknown name is pinned in tests/errors, where a process asks for one.
TEST(SetChoice, KnowsNoOtherNames) {
  for (const char* name : {"AVX2", "avx", "avx512 ", "native"})
    EXPECT_EQ(choose_set(name, avx512).problem.what, fault::unknown_instruction_set) << name;
}
#endif

// A library of one set runs without asking: what a processor other than x86-64 has.
TEST(SetChoice, IsNotMadeForOneSet) {
  struct arrays {};
  status (*const kernel)(const arrays&, void*) = [](const arrays&, void*) {
    return status{fault::none, "called"};
  };
  EXPECT_STREQ((call_chosen<arrays, 1>("name", {kernel}, {}, nullptr).kernel), "called");
}

}  // namespace
}  // namespace freefall::runtime

// Shrinking keeps the failure it started from.

#include "tests/fuzz/minimise.hpp"

#include <gtest/gtest.h>

namespace freefall::fuzz {
namespace {

const std::vector<Line> kProgram = parse_lines(R"(axis unit 5
axis place 3
variable state unit
parameter gain unit place
kernel infer
  repeat 3
    descend euler state
      of = sum{unit#1}(state[unit#1]^2 + 1)
)");

std::string said(const char* stage, const char* text) {
  return gist(Outcome::failure(stage, text), kProgram);
}

TEST(Gist, DoesNotDependOnNumbersAndNamesOfTheProgram) {
  EXPECT_EQ(
      said("fuse_nests", "'state' of kernel infer changes by 1.5e-05 of its size; its condition is 3"),
      said("fuse_nests", "'gain' of kernel learn_2 changes by inf of its size; its condition is -2e+03"));
  EXPECT_NE(said("kernel", "infer writes outside 'state'"),
            said("kernel", "infer writes behind its workspace"));
}

TEST(Gist, OfACompilerIsWhatItSaysAndNotWhere) {
  const std::string unused =
      said("compile", "a/k_1.cpp: In function f\na/k_1.cpp:7:2: error: unused 't1'\n int t1;");
  EXPECT_EQ(unused, said("compile", "b/k_23.cpp:91:12: error: unused 't7_2'\n double t7_2;"));
  EXPECT_NE(unused, said("compile", "a/k_1.cpp:7:2: error: 't1' was not declared"));
}

TEST(Gist, LeavesOutTheExpressionAMessageEndsWith) {
  EXPECT_EQ(said("print", "is parsed as another expression: tanh(state[unit])"),
            said("print", "is parsed as another expression: exp(gain[unit, place]) / 2"));
  EXPECT_NE(said("print", "is parsed as another expression: 1"),
            said("print", "is not parsed: expected ')'"));
}

TEST(Minimise, EndsWithTheSmallestProgramThatStillFails) {
  const auto fails = [](const std::vector<Line>& lines) {
    const std::string text = print_lines(lines);
    return text.find("kernel infer") != std::string::npos &&
           text.find("state[unit#1]^2") != std::string::npos;
  };
  EXPECT_EQ(print_lines(minimise(kProgram, fails, 1000)), R"(kernel infer
  of = sum{unit#1}(state[unit#1]^2 + 1)
)");
}

}  // namespace
}  // namespace freefall::fuzz

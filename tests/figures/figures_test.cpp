// The lines and the exit status of a program of figures.

#include "models/support/figures.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

namespace freefall::models {
namespace {

using testing::HasSubstr;
using testing::Not;

struct output {
  int status;
  std::string out, error;
};

output run(const std::vector<experiment>& experiments, std::vector<std::string> arguments = {}) {
  arguments.insert(arguments.begin(), "program");
  std::vector<char*> argv;
  for (std::string& a : arguments) argv.push_back(a.data());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int status = figures_main(static_cast<int>(argv.size()), argv.data(), "toy", experiments);
  std::fflush(stdout);
  return {status, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

experiment one(const target& expected, double measured, cost takes = cost::quick) {
  return {"walk", takes, "a walk", {{"length", expected, "a map"}}, [measured](const watch&) {
            return std::vector<double>{measured};
          }};
}

TEST(Figures, PrintALineEach) {
  EXPECT_EQ(run({one(within(2, 0.5), 2.2)}).out,
            "figure toy walk.length measured 2.20 expected 2 tolerance 0.5 ok\n");
  EXPECT_EQ(run({one(within_percent(-2, 10), -2.21)}).out,
            "figure toy walk.length measured -2.21 expected -2 tolerance 10% SHORT\n");
  EXPECT_EQ(run({one(exactly(1400), 1400)}).out,
            "figure toy walk.length measured 1400 expected 1400 tolerance 0 ok\n");
  EXPECT_EQ(run({one(at_least(0.96), 0.98765)}).out,
            "figure toy walk.length measured 0.9877 expected >=0.96 tolerance 0 ok\n");
  EXPECT_EQ(run({one(at_most(1e-10), 2.5e-10)}).out,
            "figure toy walk.length measured 2.5e-10 expected <=1e-10 tolerance 0 SHORT\n");
}

TEST(Figures, ExitZeroOnlyWhenAllHold) {
  EXPECT_EQ(run({one(within(2, 0.5), 2.2)}).status, 0);
  EXPECT_EQ(run({one(within(2, 0.5), 2.2), one(within(2, 0.1), 2.2)}).status, 1);
}

TEST(Figures, ThatAreNoNumbersAreShort) {
  for (const double x : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    for (const target& t : {within(2, 1), within_percent(2, 1000), exactly(2), at_least(2), at_most(2)}) {
      const output found = run({one(t, x)});
      EXPECT_EQ(found.status, 1);
      EXPECT_THAT(found.out, HasSubstr("measured none"));
      EXPECT_THAT(found.out, HasSubstr("SHORT"));
    }
  }
}

TEST(Figures, OfAnExperimentThatThrowsAreShortAndTheReasonIsGiven) {
  experiment e = one(within(2, 1), 2);
  e.measure = [](const watch&) -> std::vector<double> { throw std::runtime_error("no map"); };
  const output found = run({e, one(within(2, 1), 2)});
  EXPECT_EQ(found.status, 1);
  EXPECT_EQ(found.error, "toy walk: no map\n");
  EXPECT_THAT(found.out,
              HasSubstr("measured none expected 2 tolerance 1 SHORT\nfigure toy walk.length measured"));
}

TEST(Figures, ThatDoNotMatchTheirListAreShort) {
  experiment e = one(within(2, 1), 2);
  e.measure = [](const watch&) { return std::vector<double>{}; };
  EXPECT_EQ(run({e}).error, "toy walk: expected 1 values, found 0\n");
}

TEST(Figures, ThatAreSlowWaitForAllOrTheirName) {
  const std::vector<experiment> both{
      one(within(2, 1), 2),
      {"swim", cost::slow, "a swim", {{"length", within(2, 1), "a map"}}, [](const watch& done) {
         done(1, 1);
         return std::vector<double>{2};
       }}};
  EXPECT_THAT(run(both).out, Not(HasSubstr("swim")));
  EXPECT_THAT(run(both, {"--all"}).out, HasSubstr("walk.length"));
  EXPECT_THAT(run(both, {"--all"}).out, HasSubstr("swim.length"));
  EXPECT_THAT(run(both, {"swim"}).out, Not(HasSubstr("walk")));
  EXPECT_THAT(run(both, {"swim"}).error, HasSubstr("toy swim: 1/1 parts"));
  EXPECT_EQ(run(both, {"--list", "--all"}).out,
            "figure toy walk.length expected 2 tolerance 1 quick: a walk; from a map\n"
            "figure toy swim.length expected 2 tolerance 1 slow: a swim; from a map\n");
}

TEST(Figures, RefuseAnExperimentThatIsNot) {
  const output found = run({one(within(2, 1), 2)}, {"run"});
  EXPECT_EQ(found.status, 2);
  EXPECT_THAT(found.error, HasSubstr("run not in {walk}"));
}

}  // namespace
}  // namespace freefall::models

#pragma once
// The numbers a model claims to reproduce, and a program that measures them again.
//
// A model lists its figures in models/<model>/figures.cpp: experiments, each with what it must find, and a
// function that finds it.
//
//   int main(int argc, char** argv) {
//     return figures_main(argc, argv, "attractor", {{
//         "two_bars", cost::quick, "two overlapping images become two attractors, 20 seeds",
//         {{"correlation", within(-0.185, 0.065), "Spisak and Friston 2025, section 4.1"},
//          {"retrieval", at_least(0.96), "the same"}},
//         [](const watch& progress) { return std::vector<double>{...}; }}});
//   }
//
// freefall_add_figures(<model> ...) in the model's CMakeLists.txt builds it; scripts/figures runs those of
// all models. Each figure is one line of standard output,
//
//   figure <model> <experiment>.<name> measured <x> expected <y> tolerance <z> ok|SHORT
//
// <y> begins with >= or <= where one side is enough; <z> is a distance, or ends in % of <y>. A figure that is
// not a number, or whose experiment threw (the reason goes to standard error), is SHORT.

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace freefall::models {

/// What a figure must be. Made by the functions below.
struct target {
  enum class kind { near, near_relative, at_least, at_most };
  kind is;
  double value;
  double tolerance = 0;  // a distance; of near_relative in percent of |value|

  bool holds(double measured) const;
  std::string expected_text() const;
  std::string tolerance_text() const;
  /// As many digits as the tolerance makes worth reading.
  std::string measured_text(double measured) const;
};
inline target within(double value, double tolerance) { return {target::kind::near, value, tolerance}; }
inline target within_percent(double value, double percent) {
  return {target::kind::near_relative, value, percent};
}
inline target exactly(double value) { return within(value, 0); }
inline target at_least(double value) { return {target::kind::at_least, value}; }
inline target at_most(double value) { return {target::kind::at_most, value}; }

struct figure {
  std::string name;  // no spaces
  target expected;
  std::string source;  // of the expected value: a paper and equation, a closed form, another implementation
};

enum class cost { quick, slow };  // slow: more than some ten seconds, or needs data that the repository lacks

/// Called with how many of how many parts of an experiment are done; draws a line on standard error.
using watch = std::function<void(std::size_t done, std::size_t total)>;

struct experiment {
  std::string name;  // no spaces
  cost takes;
  std::string about;  // what is run
  std::vector<figure> figures;
  /// The measured values in the order of `figures`. Whatever it throws makes all of them SHORT.
  std::function<std::vector<double>(const watch&)> measure;
};

/// The main function of a model's program of figures: the quick experiments, or with --all every one, or
/// those named. Returns 0 if all figures held, 1 if one is SHORT, 2 for a wrong call.
int figures_main(int argc, char** argv, const std::string& model, const std::vector<experiment>& experiments);

}  // namespace freefall::models

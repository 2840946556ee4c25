#pragma once
// What must hold for every program: each stage of the compiler against the interpreters and against
// differences.
//
// Two computations of one value may differ by rounding times the condition of the value. Agreement is asked
// for to a fixed tolerance; where it fails, the condition is measured, by inputs moved a little and by
// arithmetic of less precision, and only a value that is well-conditioned counts as a failure. So a kink or a
// cancellation is left out because it was seen, and no tolerance ever moves.

#include <optional>
#include <string>

#include "codegen/plan/pipeline.hpp"
#include "tests/fuzz/model_text.hpp"
#include "tests/support/run_program.hpp"

namespace freefall::fuzz {

struct Outcome {
  enum class Kind { passed, rejected, malformed, failed };
  Kind kind = Kind::passed;
  std::string stage;  ///< of a failure: a pass, "elaborate", "print", "expand", "equality", "gradient",
                      ///< "solve", "references", "emit", "kernel"
  std::string text;   ///< what was expected and found; of a rejection, the compiler's message
  std::size_t compared = 0, ill_conditioned = 0;  ///< arrays after passes and kernels
  std::size_t energies = 0;                       ///< functionals against the densities' definitions
  std::size_t slopes = 0, unclear_slopes = 0;     ///< derivatives against differences; at kinks
  std::size_t verdicts = 0, without_verdict = 0;  ///< references; of two rules, or without a value anywhere
  std::size_t long_texts = 0;                     ///< expressions whose text was not parsed again
  std::size_t nan_runs = 0;                       ///< runs of kernels with a NaN in an array they trust
  bool too_long = false;                          ///< its kernels were not compiled

  static Outcome failure(std::string stage, std::string text) {
    return {Kind::failed, std::move(stage), std::move(text)};
  }
};

/// Derives, plans and lowers; interprets every kernel after every pass; differentiates every functional by
/// differences.
Outcome check_passes(const std::vector<Line>& lines);

using Results = std::map<std::string, test::Arrays<long double>>;  ///< by kernel

/// What every kernel computes, by the reference interpreter of schedules in extended precision. Inputs are
/// multiplied by 1 +- `disturbance`.
Results interpret_schedules(const Subject& subject, const plan::Compilation& derived,
                            long double disturbance = 0);

/// The same after any pass, by the interpreter of the level that the compilation has reached.
Results interpret(const Subject& subject, const plan::Compilation& compilation);

/// The first array that a kernel gives out whose value is not the expected one, in words; empty where there
/// is none. Counts what it compares, and leaves out what is ill-conditioned.
std::string wrong_value(const Subject& subject, const plan::Compilation& derived, const Results& found,
                        const Results& expected, Outcome& counts);

/// The largest relative change of an array of a kernel by relative change of its inputs, and by relative
/// rounding.
long double condition(const Subject& subject, const plan::Compilation& derived, const std::string& kernel,
                      const std::string& array);

/// The compilation after the first pass, whose schedules say what kernels mean.
plan::Compilation derive_only(const Subject& subject);

}  // namespace freefall::fuzz

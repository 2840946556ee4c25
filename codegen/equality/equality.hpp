#pragma once
// Is one rule another? Three verdicts, each with its evidence, or a counterexample.
//
//   proven       the same distributed normal form
//   probable     equal at random points of the field of 2^61 - 1 elements with unknown functions in place of
//   the known
//                ones (Schwartz 1980, Zippel 1979), on small and pairwise different extents
//   tested       equal at random points in extended precision only: equality rests on what the functions are
//   refuted      different, with the smallest extents at which that shows

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "codegen/ir/interpret.hpp"

namespace freefall::equality {

enum class Verdict { proven, probable, tested, refuted };
const char* name(Verdict verdict);

struct Counterexample {
  ir::Sizes sizes;                   ///< the smallest tried at which the two differ
  std::vector<std::size_t> element;  ///< over the free indices of the derived expression, sorted
  long double derived = 0, reference = 0;
  std::vector<std::string> only_derived, only_reference;  ///< terms of the normal forms that the other lacks
};

struct Result {
  Verdict verdict = Verdict::refuted;
  double error_probability = 0;  ///< probable: a bound
  std::size_t points = 0;        ///< probable, tested: how many
  std::optional<Counterexample> counterexample;
};

/// Compares two expressions over the same free indices; throws std::invalid_argument when those differ.
Result compare_rules(ir::Expr derived, ir::Expr reference);

/// The same without evidence, and quickly: equal at one random point of the field, or in extended precision
/// where something divides by zero there.
bool seem_equal(ir::Expr a, ir::Expr b);

/// In words: the verdict, the evidence, the counterexample.
std::string describe(const Result& result, ir::Expr derived);

}  // namespace freefall::equality

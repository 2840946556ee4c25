#pragma once
// The references of a program against what is derived from it.

#include "codegen/calculus/derive.hpp"
#include "codegen/equality/equality.hpp"
#include "codegen/equality/first_difference.hpp"

namespace freefall::equality {

struct CheckedReference {
  const ir::Reference* reference = nullptr;
  ir::Expr derived, stated;  ///< both sides with every symbol replaced by its value
  Result result;
  Difference difference;             ///< of a refuted one
  std::optional<std::string> cause;  ///< of a refuted one: the single mistake that explains it

  /// proven or, with a warning, tested where it should hold; refuted where it should not.
  bool as_declared() const { return (result.verdict == Verdict::refuted) != reference->holds; }
};

/// In order of statement. Throws ir::ModelError for a reference to a rule that cannot be told.
std::vector<CheckedReference> compare_references(const ir::Program& program,
                                                 const calculus::Derivation& derivation);

/// Mistakes in a reference that holds which are not refuted: there should be none.
std::vector<std::string> mistakes_passed(const CheckedReference& checked);

}  // namespace freefall::equality

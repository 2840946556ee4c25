#pragma once
// What the verification of a program's references found.

#include <string>
#include <vector>

#include "codegen/equality/references.hpp"

namespace freefall::report {

/// One reference in words and in matrix form.
struct VerificationEntry {
  const equality::CheckedReference* checked = nullptr;
  std::string quantity;         ///< "dF/dW1 in kernel train"
  std::string derived, stated;  ///< in matrix form
  std::string differs,
      in_place;  ///< of a refuted one: the terms in which they first differ, derived and stated
  std::string element, element_in_place;  ///< the sub-expressions there, in index notation
  std::vector<std::string> mistakes_passed;
};

std::vector<VerificationEntry> verification_entries(const ir::Program& program,
                                                    const calculus::Derivation& derivation,
                                                    const std::vector<equality::CheckedReference>& checked);

/// The verdict is the declared one, and no mistake in a reference that holds was passed.
bool is_as_declared(const VerificationEntry& entry);
bool all_as_declared(const std::vector<VerificationEntry>& entries);

/// For people: verdict and evidence of each, counterexamples, and a summary.
std::string verification_text(const ir::Program& program, const std::vector<VerificationEntry>& entries);
/// For programs: the same as JSON.
std::string verification_json(const ir::Program& program, const std::vector<VerificationEntry>& entries);
/// For a document: a table of the printed equations.
std::string verification_markdown(const ir::Program& program, const std::vector<VerificationEntry>& entries);

}  // namespace freefall::report

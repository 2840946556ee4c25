#pragma once
// What is known of each rule beside its equation: is it what a reference says, and what does it read.

#include <string>
#include <vector>

#include "codegen/plan/pipeline.hpp"

namespace freefall::report {

struct RuleEvidence {
  std::string verdict;   ///< of the references that are declared to hold: the weakest; empty: there is none
  std::string evidence;  ///< a sentence
  bool located = false;  ///< locality is known
  bool local = false;
  std::vector<std::string> locality;  ///< sentences: what makes it not local, or what it reads
};

/// In the order of the rules.
std::vector<RuleEvidence> rule_evidence(const plan::Compilation& compilation);

}  // namespace freefall::report

#pragma once
// What each rule needs from where: the neighbours in the factor graph it reads, and which terms are not
// local.
//
// A term of a rule for x is local when it reads what one factor next to x reads, each weight in the direction
// in which the factor's prediction uses it. It is not local where
//
//   weight transport   a weight is read against its direction: the prediction of h2 sums W2 over h1, the term
//   sums it
//                      over h2 (the transposed feedback weight of predictive coding; Crick 1989)
//   far                it reads a variable that shares no factor with x
//   inverse            the inverse of a matrix, to which all units contribute
//   future             it reads a later tick
//
// Sums over copies and over time are no fault: a shared parameter needs them. They are listed.

#include <string>
#include <vector>

#include "codegen/plan/pipeline.hpp"

namespace freefall::report {

struct LocalityFault {
  std::string kind;  ///< "weight transport", "far", "inverse", "future"
  std::string text;  ///< in the user's names
};

struct LocalityTerm {
  std::string text;     ///< the term in matrix form
  std::string through;  ///< the variable whose density is the factor it comes from; empty: none
  std::vector<std::string> variables, parameters;  ///< that it reads, the target left out
  std::vector<std::string> summed;                 ///< plates and axes of time
  std::vector<LocalityFault> faults;
};

struct RuleLocality {
  std::string kernel, target, method;
  std::vector<LocalityTerm> terms;
  bool is_local() const;
};

/// One for each rule, in the order of the rules; the same rule in several kernels is reported once.
std::vector<RuleLocality> localities(const plan::Compilation& compilation);

std::string locality_text(const std::vector<RuleLocality>& localities);
std::string locality_json(const std::vector<RuleLocality>& localities);

}  // namespace freefall::report

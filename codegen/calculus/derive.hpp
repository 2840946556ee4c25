#pragma once
// From statements to rules: every descent becomes assignments by differentiating its functional.

#include "codegen/calculus/greedy.hpp"
#include "codegen/calculus/schedule.hpp"
#include "codegen/elaborate/elaborate.hpp"

namespace freefall::calculus {

/// A derived rule, kept for the report and for verification.
struct Rule {
  std::string kernel;
  const ir::Tensor* target = nullptr;
  ir::Expr functional;  ///< elaborated
  ir::Expr gradient;    ///< d functional / d target, over the target's canonical indices
  std::string method;
  std::vector<Assignment> updates;
  ir::Origin origin;
  /// Null, or the gradient of the functional where the rule was modified and is not it any more.
  ir::Expr unmodified;
  std::string modification;  ///< what was changed: "predictions of 'net' held"
};

/// One kernel as a schedule.
struct Procedure {
  std::string name;
  Steps steps;
  ir::Origin origin;
};

struct Derivation {
  elaborate::Elaboration elaboration;
  std::vector<Rule> rules;
  std::vector<GreedyRule> events;  ///< one for each of Program::events
  std::vector<Procedure> procedures;
  std::vector<ir::NamedPart> names;  ///< of recurring expressions: prediction errors, predictions, gradients
};

/// Throws ir::ModelError naming kernel and variable when a statement cannot be carried out.
Derivation derive(const ir::Program& program);

}  // namespace freefall::calculus

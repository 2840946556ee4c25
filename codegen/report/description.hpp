#pragma once
// What there is to say of a model, as equations in LaTeX: read by every report in mathematical notation.

#include <string>
#include <vector>

#include "codegen/plan/pipeline.hpp"
#include "codegen/report/latex.hpp"

namespace freefall::report {

/// left relation right
struct Equation {
  std::string left, relation, right;
  std::string latex() const { return left + " " + relation + " " + right; }
};

struct FactorDescription {
  Equation equation;  ///< h_{n i} ~ normal(...)
  std::string variable, density;
  ir::Origin origin;
};

struct ModelDescription {
  std::string name;
  bool joint = true;
  std::vector<FactorDescription> factors;
};

struct FunctionalDescription {
  std::string name;
  std::string symbol;                    ///< LaTeX
  std::vector<Equation> decompositions;  ///< sums of signed terms, each equal to the functional
  std::vector<Equation> terms;           ///< F^{(h)} = ..., and whatever else the decompositions name
  bool maximised = false;                ///< where larger is better
};

struct RuleDescription {
  std::string kernel, variable, method;
  ir::Origin origin;
  Equation derivative;
  /// Of a modified rule, which is not a gradient of F: what was changed, and the derivative without it.
  std::string modification;
  Equation before;
  std::vector<Equation> updates;
};

/// Greedy events of an energy: where the voltage exceeds the threshold, an element of the counts grows by 1.
struct EventsDescription {
  std::string counts, voltage;  ///< the voltage where it is a state, or empty
  ir::Origin origin;
  std::vector<Equation> equations;  ///< energy, voltage, threshold, couplings
};

struct Description {
  std::string name;
  std::vector<std::pair<std::string, std::string>> indices;  ///< letter, axis
  std::vector<ModelDescription> models;
  std::vector<Equation> names;  ///< recurring parts
  std::vector<FunctionalDescription> functionals;
  std::vector<elaborate::Assumption> assumptions;
  std::vector<RuleDescription> rules;
  std::vector<EventsDescription> events;
};

/// Needs the rules only: plan::derive is enough.
Description describe(const plan::Compilation& compilation);

/// The whole of it as LaTeX to be read with \input (packages amsmath, amssymb), or as an XHTML fragment with
/// MathML.
std::string rules_latex(const plan::Compilation& compilation);
std::string rules_mathml(const plan::Compilation& compilation);

}  // namespace freefall::report

#pragma once
// How a rule came about, step by step.

#include <string>
#include <vector>

#include "codegen/plan/pipeline.hpp"

namespace freefall::report {

/// One step: what is done, why it may be done, and the equations it ends with.
struct ExplanationStep {
  struct Line {
    std::string left;  ///< text; empty: goes on from the line above
    ir::Expr right;
    enum class Names { none, inside, whole } names = Names::inside;  ///< where recurring parts are named
  };
  std::string name, reason;
  std::vector<Line> lines;
};

struct Explanation {
  std::string kernel, variable, method;
  std::vector<ExplanationStep> steps;  ///< log-density, expectation, functional, derivative, ..., descent
};

/// `rule` is a variable (`h1`) or a kernel and a variable (`train.h1`). A variable with the same rule in
/// several kernels is explained once. Throws ir::ModelError listing the rules there are when nothing fits.
Explanation explain(const plan::Compilation& compilation, const std::string& rule);

/// What the rule descends, with functionals as their symbols: `F[pcn] / extent(batch)`.
ir::Expr descended(const plan::Compilation& compilation, const calculus::Rule& rule);

std::string explanation_text(const plan::Compilation& compilation, const Explanation& explanation);
std::string explanation_latex(const plan::Compilation& compilation, const Explanation& explanation);
std::string explanation_json(const plan::Compilation& compilation, const Explanation& explanation);

}  // namespace freefall::report

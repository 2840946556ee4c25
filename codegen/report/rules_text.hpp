#pragma once
// Rules and kernels in plain text.

#include <string>

#include "codegen/plan/pipeline.hpp"

namespace freefall::report {

/// What one kernel computes, an equation a line, in the user's names.
std::string procedure_text(const plan::Compilation& compilation, const std::string& kernel);

/// The whole report: model, functional and its terms, ledger of assumptions, every rule.
std::string rules_text(const plan::Compilation& compilation);

}  // namespace freefall::report

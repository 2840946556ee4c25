#pragma once
// The rules of a model as JSON.

#include <string>

#include "codegen/plan/pipeline.hpp"

namespace freefall::report {

/// What rules_text says, for programs. Each expression is given as text, which codegen/ir/parse.hpp reads.
/// Ends with a newline; the same compilation gives the same bytes.
std::string rules_json(const plan::Compilation& compilation);

}  // namespace freefall::report

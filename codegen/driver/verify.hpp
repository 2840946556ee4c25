#pragma once
// The generator's verb `verify`.

#include <string>

#include "codegen/ir/program.hpp"

namespace freefall::driver {

struct VerifyOptions {
  std::string format = "text";  ///< or "json", "markdown"
};

/// Compares the references of a program with what is derived, prints verdict and evidence of each, and
/// returns the exit code: 0 when every verdict is the declared one, 1 otherwise. Throws ir::ModelError for a
/// wrong program.
int verify(const ir::Program& program, const VerifyOptions& options);

}  // namespace freefall::driver

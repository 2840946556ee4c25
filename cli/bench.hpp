#pragma once
// freefall bench MODEL: the kernels of one size, compiled for this machine and timed on made-up numbers.

#include <string>
#include <vector>

#include "cli/model.hpp"

namespace freefall::cli {

/// `words` are the sizes, scalar type and format as the generator takes them. Returns the exit code of what
/// was run last. Throws as generator_of does, and ir::ModelError when the kernels do not compile.
int bench(const Installation& installation, const Model& model, const std::vector<std::string>& sizes,
          const std::string& format);

}  // namespace freefall::cli

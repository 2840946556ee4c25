#pragma once
// The emitted kernel library: a plain header, a source file, and an owning wrapper with typed views.

#include <string>
#include <vector>

#include "codegen/plan/pipeline.hpp"

namespace freefall::emit {

struct GeneratedFile {
  std::string name;  ///< relative to the output folder
  std::string text;
};

/// `<name>.hpp`, `<name>.cpp` and `<name>_views.hpp`. The same compilation gives the same bytes.
std::vector<GeneratedFile> emit_library(const plan::Compilation& compilation);

}  // namespace freefall::emit

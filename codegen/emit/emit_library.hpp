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

/// What the kernels are compiled for.
enum class Isa {
  native,    ///< one instruction set: `<name>.cpp` holds the kernels
  portable,  ///< several: `<name>_kernels.cpp` is compiled once for each, `<name>.cpp` chooses among them
};

/// `<name>.hpp`, `<name>_views.hpp` and the sources. The same compilation gives the same bytes, on any
/// machine.
std::vector<GeneratedFile> emit_library(const plan::Compilation& compilation, Isa isa = Isa::native);

}  // namespace freefall::emit

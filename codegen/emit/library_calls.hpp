#pragma once
// What kernels call of the C library: the functions that the runtime does not bring
// (ir/library_functions.def).

#include <cstdint>

#include "codegen/plan/pipeline.hpp"

namespace freefall::emit {

/// Powers with a whole exponent up to this one are written out as products; beyond, `pow` is called.
inline constexpr std::int64_t kLargestProduct = 4;

/// Throws ModelError with each rule whose kernel calls the C library, unless there is none.
void check_freestanding(const plan::Compilation& compilation);

}  // namespace freefall::emit

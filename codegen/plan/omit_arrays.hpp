#pragma once
// Omitted arrays: a library does not give them out, so they hold something within a call only.

#include <string>
#include <vector>

#include "codegen/calculus/derive.hpp"

namespace freefall::plan {

/// Checks that every name is that of an array which kernels set, and all of it before they read it, and that
/// no kernel is left without an array that it sets. Throws ir::ModelError naming the array and the kernel.
void check_omitted(const ir::Program& program, const std::vector<calculus::Procedure>& procedures,
                   const std::vector<std::string>& omitted);

/// The steps with temporaries in place of the omitted arrays. Keeps the value of all others; idempotent.
calculus::Steps omit_arrays(const calculus::Steps& steps, ir::Context& context,
                            const std::vector<std::string>& omitted);

}  // namespace freefall::plan

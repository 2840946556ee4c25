#pragma once
// Checks of the statements of a kernel that need no sizes.

#include "codegen/ir/program.hpp"

namespace freefall::ir {

/// Throws ModelError at the place of the first statement that is wrong, with how to mend it.
void check_schedule(const Program& program, const Kernel& kernel);

}  // namespace freefall::ir

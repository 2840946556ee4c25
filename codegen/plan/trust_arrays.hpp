#pragma once
// Trusted arrays: the caller vouches for their values, and kernels do not read them to check them.

#include <map>
#include <string>
#include <vector>

#include "codegen/loop/loop.hpp"

namespace freefall::plan {

/// By the name of a kernel: those of the arrays named that it reads and need not check before it begins,
/// because a NaN of them shows in what it writes (loop/hidden_nan.hpp). Elsewhere they are checked as all
/// others are. Throws ir::ModelError for a name of no array that kernels read and check, for an array of
/// indices, and for one that no kernel can do without checking.
std::map<std::string, std::vector<const ir::Tensor*>> trust_arrays(const ir::Program& program,
                                                                   const std::vector<loop::Kernel>& kernels,
                                                                   const std::vector<std::string>& names);

}  // namespace freefall::plan

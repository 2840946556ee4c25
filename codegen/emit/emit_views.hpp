#pragma once
// The owning wrapper: every array, one workspace, typed views without a copy, kernels that throw.

#include "codegen/emit/kernel_signature.hpp"

namespace freefall::emit {

std::string emit_views(const plan::Specialisation& sizes, const std::vector<KernelSignature>& kernels,
                       const std::vector<const ir::Tensor*>& arrays,
                       const std::vector<const ir::Axis*>& plates);

}  // namespace freefall::emit

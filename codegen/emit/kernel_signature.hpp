#pragma once
// Which arrays a kernel takes from its caller, and what it does with them.

#include "codegen/loop/memory_plan.hpp"
#include "codegen/plan/pipeline.hpp"

namespace freefall::emit {

struct KernelSignature {
  const loop::Kernel* kernel = nullptr;
  loop::MemoryPlan memory;
  std::vector<const ir::Tensor*>
      arguments;  ///< caller-owned arrays the kernel touches, in order of declaration
  std::vector<const ir::Tensor*> live_in;  ///< those read before they are written
  std::vector<const ir::Tensor*> written;
  std::vector<const ir::Axis*> plates;  ///< in name order
  std::size_t steps = 0;                ///< a call may take, for kernels that draw; else 0
  bool counts_passes = false;           ///< has a loop that may end early
  /// Reads constants or what is made of them, so `prepare` must have run.
  bool needs_prepare = false;
  bool prepares = false;     ///< is `prepare` itself
  bool is_threaded = false;  ///< several threads may share its work
};

KernelSignature signature(const loop::Kernel& kernel, const plan::Compilation& compilation);

/// Caller-owned arrays of the whole library, in order of declaration.
std::vector<const ir::Tensor*> library_arrays(const std::vector<KernelSignature>& kernels,
                                              const ir::Context& context);
/// Written by some kernel of the library.
bool is_written(const ir::Tensor* tensor, const std::vector<KernelSignature>& kernels);

}  // namespace freefall::emit

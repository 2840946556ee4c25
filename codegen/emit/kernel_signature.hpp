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
  std::vector<const ir::Tensor*> live_in;        ///< those read before they are written
  std::vector<const ir::Tensor*> trusted;        ///< of these, what the caller vouches for
  std::vector<const ir::Tensor*> checked_first;  ///< the others: read once before the kernel begins
  std::vector<const ir::Tensor*> written;
  /// Of those, arrays that loops add to and nothing else writes, and those that loops set once: what is
  /// stored is checked there, so that an array need not be read again, nor the elements that did not change.
  std::vector<const ir::Tensor*> checked_where_written;
  std::vector<const ir::Tensor*> live_state;  ///< of what is checked, what kernels of the library write
  /// Whether `arrays::state_is_trusted` says something to it. `prepare` runs once and checks everything.
  bool checks_state() const { return !prepares && !live_state.empty(); }
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

#pragma once
// Where temporaries live: one workspace, arrays that are never needed together share memory.

#include <map>

#include "codegen/loop/loop.hpp"

namespace freefall::loop {

struct MemoryPlan {
  struct Slot {
    const ir::Tensor* tensor = nullptr;
    std::size_t offset = 0, bytes = 0;  ///< of the workspace, multiples of 64
  };
  std::vector<Slot> slots;         ///< in order of first use
  std::size_t scratch_offset = 0;  ///< of the scratch memory of library calls
  std::size_t scratch_bytes = 0;
  std::size_t workspace_bytes = 0;
  /// Where the arrays of lanes lie, among others. A thread more has its own, of this size, behind the
  /// workspace.
  std::size_t lanes_offset = 0, lanes_bytes = 0;

  const Slot& slot(const ir::Tensor* tensor) const;
};

/// An array of the lanes of a slice: each thread that works on slices has its own.
bool is_of_lanes(const ir::Tensor* tensor, const plan::Specialisation& sizes);

/// First fit over live ranges; what a loop uses before it writes stays live for the whole loop, and so does
/// what a sweep sets tick by tick.
MemoryPlan plan_memory(const Kernel& kernel, const plan::Specialisation& sizes);

}  // namespace freefall::loop

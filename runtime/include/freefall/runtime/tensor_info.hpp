// What generated code says about its tensors: one table entry each, with static storage.
#pragma once

#include <cstddef>

namespace freefall::runtime {

/// What an array is to the model.
enum class tensor_role { variable, parameter, input, constant, optimiser_state, prepared, output };

// A tensor as the caller of a kernel sees it: dense, row-major (the last axis is contiguous).
struct tensor_info {
  /// In the specification.
  const char* name;
  /// What it is to the model.
  tensor_role role;
  /// The number of its axes.
  std::size_t rank;
  const char* const* axes;     // [rank] names of the axes
  const std::size_t* extents;  // [rank]
  bool plated;  // the first axis is a plate: its extent is a capacity, a call may use fewer copies
};

// Number of elements at full capacity; 1 for a scalar (rank 0).
[[nodiscard]] constexpr std::size_t size(const tensor_info& info) {
  std::size_t n = 1;
  for (std::size_t i = 0; i < info.rank; ++i) n *= info.extents[i];
  return n;
}

}  // namespace freefall::runtime

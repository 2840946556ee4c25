// Checkpoints of a generated instance: every parameter and optimiser state, under the names of the
// specification.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "freefall/runtime/checkpoint.hpp"
#include "freefall/runtime/tensor_info.hpp"

namespace freefall::runtime {

// What a run needs to go on: parameters and the arrays of the optimiser. Variables, inputs and outputs are
// set anew.
[[nodiscard]] constexpr bool is_persistent(const tensor_info& info) {
  return info.role == tensor_role::parameter || info.role == tensor_role::optimiser_state;
}

// Saves the persistent arrays of an instance, and `extra` beside them. Throws data_error; an older file
// survives.
template <class Instance>
void save_instance(const std::filesystem::path& file, Instance& instance,
                   std::span<const tensor_info> tensors, std::vector<array_view> extra = {}) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (!is_persistent(tensors[i])) continue;
    const tensor_info& info = tensors[i];
    extra.push_back({info.name, {info.extents, info.extents + info.rank}, instance.elements(i).data()});
  }
  save_checkpoint(file, extra);
}

// Restores them. A file that is damaged or does not match throws data_error and leaves the instance as it
// was.
template <class Instance>
void load_instance(const std::filesystem::path& file, Instance& instance,
                   std::span<const tensor_info> tensors, std::vector<array_slot> extra = {}) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (!is_persistent(tensors[i])) continue;
    const tensor_info& info = tensors[i];
    extra.push_back({info.name, {info.extents, info.extents + info.rank}, instance.elements(i).data()});
  }
  load_checkpoint(file, extra);
}

}  // namespace freefall::runtime

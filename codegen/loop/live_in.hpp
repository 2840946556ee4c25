#pragma once
// What a kernel reads of what was there before it.

#include "codegen/loop/loop.hpp"

namespace freefall::loop {

/// Arrays that the operations read before they have set them, in order of their first read. An array of lanes
/// stands for the whole array that it is a slice of.
std::vector<const ir::Tensor*> live_in(const Operations& operations);

}  // namespace freefall::loop

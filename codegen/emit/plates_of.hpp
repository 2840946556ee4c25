#pragma once
// The plates an operation goes over.

#include <vector>

#include "codegen/loop/loop.hpp"

namespace freefall::emit {

/// The plates whose number of copies the expressions need, in name order.
std::vector<const ir::Axis*> plates_of(const loop::Operation& operation);

}  // namespace freefall::emit

#pragma once
// Scalars that are the largest element of an array.

#include "codegen/loop/loop.hpp"

namespace freefall::loop {

/// The array whose largest element a scalar is behind these operations, directly or as a copy, or null: then
/// the scalar is positive only if an element of the array is.
const ir::Tensor* maximum_of(const Operations& operations, const ir::Tensor* scalar);

}  // namespace freefall::loop

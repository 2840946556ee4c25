#pragma once
// Pass: work on the same elements goes into one loop, or into the tiles of the product that it follows.

#include "codegen/loop/loop.hpp"

namespace freefall::loop {

/// Operations in the time of a branch that nobody foresees, and of a load of a vector that waits for the
/// store of one element.
inline constexpr double kScatter = 512;

/// Joins nests over the same elements, and appends those over the elements of a product of known size to its
/// epilogue, where each sum is still in a register or the first cache. A nest may move up past operations
/// that touch nothing it does. Keeps the value; idempotent; raises the cost at most by `kScatter` for each
/// nest over one element alone (one_hot.hpp) that goes into a loop over all.
Operations fuse_nests(const Operations& operations, const plan::Specialisation& sizes);

}  // namespace freefall::loop

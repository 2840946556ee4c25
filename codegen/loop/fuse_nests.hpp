#pragma once
// Pass: work on the same elements goes into one loop, or into the tiles of the product that it follows.

#include "codegen/loop/loop.hpp"

namespace freefall::loop {

/// Joins nests over the same elements, and appends those over the elements of a tiled product to its
/// epilogue, where each sum is still in a register or the first cache. A nest may move up past operations
/// that touch nothing it does. Keeps the value; idempotent; never raises the cost.
Operations fuse_nests(const Operations& operations, const plan::Specialisation& sizes);

/// True if the product is computed by tiles of known size over contiguous rows of B and C (the runtime's
/// tiled_product): one matrix, of at least one vector a row, whose rows and columns are not counted at run
/// time, with a sum short enough to be taken in one go.
bool is_tiled(const Gemm& gemm, const plan::Specialisation& sizes);

}  // namespace freefall::loop

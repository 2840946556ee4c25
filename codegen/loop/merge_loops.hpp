#pragma once
// Neighbouring loops that go through memory as one are one.

#include "codegen/loop/loop.hpp"

namespace freefall::loop {

/// A nest whose loop d takes counts[d] passes: of its index's axis, or of those of several loops, whose other
/// indices are zero in the stores. The index then runs beyond its axis, and so on through the rows of each
/// array. The copies of a plate are never merged; their count is the capacity.
struct MergedNest {
  Nest nest;
  std::vector<std::size_t> counts;
};

/// Merges each loop with the one inside it where all arrays of the stores have their elements of the two one
/// after the other, or have none: [second, third, outcome] of a contiguous array is one loop, and no vector
/// of it is cut where an axis ends. Elements are visited in the same order. The outermost `keep` loops stay.
/// Idempotent.
MergedNest merge_loops(MergedNest nest, const plan::Specialisation& sizes, std::size_t keep = 0);
MergedNest merge_loops(const Nest& nest, const plan::Specialisation& sizes, std::size_t keep = 0);

}  // namespace freefall::loop

#pragma once
// A loop nest without the comparison of two of its indices in the innermost loop.

#include <optional>

#include "codegen/loop/loop.hpp"

namespace freefall::loop {

/// What a nest stores where its innermost index j equals another index i, and everywhere else. In this order
/// it is the nest: compute the value on the diagonal for each element of the other loops, run `elsewhere`,
/// which overwrites the diagonal, store the value there.
struct SplitNest {
  Store on_diagonal;  ///< free of j
  Nest elsewhere;     ///< with the loops of the nest
};

/// For a nest of one store whose value holds the indicator [i = j] and reads its target at its own element
/// alone, such as the change of a matrix without diagonal; else nothing. A comparison in each pass takes as
/// long as a sum, in twice as many vectors in float.
std::optional<SplitNest> split_diagonal(const Nest& nest);

}  // namespace freefall::loop

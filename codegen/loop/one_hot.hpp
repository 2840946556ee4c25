#pragma once
// Loops in which one pass alone changes anything: one-hot arrays as scatters.

#include <utility>
#include <vector>

#include "codegen/loop/loop.hpp"

namespace freefall::loop {

/// A nest without the loops over indices that must have one value for a store to change its target, and
/// without the indicators that say so. `at`: these indices and their values, free of the indices of the nest;
/// a value that is no whole number inside the axis leaves nothing to do.
struct Scatter {
  Nest nest;
  std::vector<std::pair<ir::Index, ir::Expr>> at;
};

/// t[i] = t[i] + [i = v] f(i) + ... and t[j] += [i = v] f(i, j) are done for i = v alone; exact. Any other
/// nest comes back as it is, with an empty `at`.
Scatter scatter(const Nest& nest);

}  // namespace freefall::loop

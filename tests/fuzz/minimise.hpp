#pragma once
// Delta debugging of programs: the smallest text that still fails in the same way.

#include <functional>

#include "tests/fuzz/check.hpp"

namespace freefall::fuzz {

/// Shrinks by one step at a time, as long as `fails` holds: drops lines, puts the body of a loop in its
/// place, forgets an array everywhere, makes numbers and expressions smaller. `fails` is called at most
/// `trials` times.
std::vector<Line> minimise(std::vector<Line> lines,
                           const std::function<bool(const std::vector<Line>&)>& fails, std::size_t trials);

/// What a failure of this program says, without what shrinking changes: numbers, expressions and the names of
/// the program. Two failures are the same where stage and gist are.
std::string gist(const Outcome& failure, const std::vector<Line>& program);

}  // namespace freefall::fuzz

#pragma once
// Delta debugging of programs: the smallest text that still fails in the same way.

#include <functional>

#include "tests/fuzz/model_text.hpp"

namespace freefall::fuzz {

/// Shrinks by one step at a time, as long as `fails` holds: drops lines, puts the body of a loop in its
/// place, forgets an array everywhere, makes numbers and expressions smaller. `fails` is called at most
/// `trials` times.
std::vector<Line> minimise(std::vector<Line> lines,
                           const std::function<bool(const std::vector<Line>&)>& fails, std::size_t trials);

}  // namespace freefall::fuzz

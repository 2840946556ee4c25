#pragma once
// A check in a process of its own, so that a crash or a loop without end is an outcome like any other.

#include <functional>

#include "tests/fuzz/check.hpp"

namespace freefall::fuzz {

/// What `check` returns; a failure of the stage "crash" or "hang" when the process dies or takes longer than
/// `seconds` of processor time.
Outcome isolated(const std::function<Outcome()>& check, unsigned seconds = 180);

}  // namespace freefall::fuzz

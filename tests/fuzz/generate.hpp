#pragma once
// Random well-shaped programs, as text (model_text.hpp). The same seed gives the same text on every machine.

#include <cstdint>

#include "tests/fuzz/model_text.hpp"

namespace freefall::fuzz {

std::vector<Line> generate(std::uint64_t seed);

}  // namespace freefall::fuzz

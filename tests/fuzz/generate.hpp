#pragma once
// Random well-shaped programs, as text (model_text.hpp). The same seed gives the same text on every machine.

#include <cstdint>

#include "tests/fuzz/program_kinds.hpp"

namespace freefall::fuzz {

/// Of any kind.
std::vector<Line> generate(std::uint64_t seed);

using Kind = ProgramParts (*)(ProgramParts);
/// Of this kind (program_kinds.hpp); even seeds omit some arrays, every third trusts some.
std::vector<Line> generate(std::uint64_t seed, Kind kind);

}  // namespace freefall::fuzz

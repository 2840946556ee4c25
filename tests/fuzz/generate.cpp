#include "tests/fuzz/generate.hpp"

#include "tests/fuzz/program_kinds.hpp"

namespace freefall::fuzz {
namespace {

ProgramParts of_any_kind(ProgramParts parts) {
  switch (parts.choose_kind(14)) {
    case 0: return attractor_program(std::move(parts));
    case 1: return spikes_program(std::move(parts));
    case 2:
    case 3: return outcomes_program(std::move(parts));
    case 4: return filter_program(std::move(parts));
    case 5: return motion_program(std::move(parts));
    default: return network_program(std::move(parts));
  }
}

}  // namespace

std::vector<Line> generate(std::uint64_t seed) { return of_any_kind(ProgramParts(seed)).lines(); }

}  // namespace freefall::fuzz

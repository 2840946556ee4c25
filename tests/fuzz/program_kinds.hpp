#pragma once
// The kinds of random programs: each adds its arrays, models and kernels to what all share.

#include "tests/fuzz/program_parts.hpp"

namespace freefall::fuzz {

ProgramParts attractor_program(ProgramParts parts);
ProgramParts spikes_program(ProgramParts parts);
ProgramParts outcomes_program(ProgramParts parts);
ProgramParts filter_program(ProgramParts parts);
ProgramParts motion_program(ProgramParts parts);
ProgramParts network_program(ProgramParts parts);

}  // namespace freefall::fuzz

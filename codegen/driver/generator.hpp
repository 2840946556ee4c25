#pragma once
// The generator: the host program that a specification is compiled into. It derives the rules and writes the
// kernels.

#include <functional>

#include "codegen/ir/program.hpp"

namespace freefall::driver {

/// Command line of a generator (see --help). Exit codes: 0 done; 1 the specification or its sizes are wrong,
/// with a message that says what and how to mend it; 2 the command line is wrong; 3 a file could not be
/// written; 70 a bug in freefall.
int run_generator(int argc, char** argv, const std::function<ir::Program()>& define);

}  // namespace freefall::driver

#pragma once
// `freefall verify --all`: the references of every shipped model, and the printed equations beside them.

#include <string>

#include "cli/installation.hpp"

namespace freefall::cli {

/// Prints what `verify` says of each specification, one after the other, and a line that sums it up; as JSON
/// one object with the members as_declared and specifications. With `quiet`, only what has not the declared
/// verdict. Returns 0 when every verdict is the declared one, else 1; a specification that does not compile
/// or states nothing counts as one that fails, and the others go on. Throws CannotStart without a compiler.
int verify_all(const Installation& installation, const std::string& format, bool quiet);

}  // namespace freefall::cli

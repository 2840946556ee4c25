#pragma once
// Other programs.

#include <string>
#include <vector>

namespace freefall::cli {

/// A program that could not be started: it is missing, or not executable.
struct CannotStart {
  std::string program, reason;
};

/// Runs a program (searched in PATH) to its end and returns its exit code, 128 + n when signal n ended it.
/// Throws CannotStart.
int run(const std::vector<std::string>& command);

/// This process becomes the program. Throws CannotStart.
[[noreturn]] void become(const std::vector<std::string>& command);

}  // namespace freefall::cli

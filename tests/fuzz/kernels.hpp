#pragma once
// Emitted kernels of many programs in one translation unit, compiled as a shared library, run and compared.

#include <filesystem>
#include <string>
#include <vector>

#include "tests/fuzz/check.hpp"

namespace freefall::fuzz {

/// How kernels are compiled: what `freefall_add_kernels` does.
struct Compiler {
  std::string command;           ///< compiler with options, includes and warnings
  std::filesystem::path folder;  ///< for sources and libraries
};

/// Emits, compiles and runs the kernels of every program, and compares each array with the schedules
/// interpreted in extended precision. One outcome a program, in order; those that do not compile together are
/// compiled one by one. Those of more than kLongest characters are not compiled, which would take minutes.
inline constexpr std::size_t kLongest = 300'000;
std::vector<Outcome> check_kernels(const std::vector<std::vector<Line>>& programs, const Compiler& compiler);

}  // namespace freefall::fuzz

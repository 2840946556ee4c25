#pragma once
// freefall new NAME.

#include "cli/installation.hpp"

namespace freefall::cli {

/// Writes a project of a small model into the folder `name`, made for it, and says how to build it. The files
/// are those of tests/package/downstream under another name. Throws ir::ModelError for a name that is no C++
/// identifier, std::runtime_error when the folder exists or cannot be written.
void new_project(const Installation& installation, const std::filesystem::path& folder);

}  // namespace freefall::cli

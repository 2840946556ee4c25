#pragma once
// Writing generated files: only when their bytes change, and never half.

#include <filesystem>
#include <string>

namespace freefall::driver {

/// True if the file was written, false if it already held these bytes. Writes to a temporary name and
/// renames. Throws std::runtime_error naming the file and the reason.
bool write_if_changed(const std::filesystem::path& path, const std::string& text);

}  // namespace freefall::driver

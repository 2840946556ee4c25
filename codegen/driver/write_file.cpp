#include "codegen/driver/write_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace freefall::driver {

bool write_if_changed(const std::filesystem::path& path, const std::string& text) {
  if (std::ifstream old(path, std::ios::binary); old) {
    std::ostringstream bytes;
    bytes << old.rdbuf();
    if (bytes.str() == text) return false;
  }
  const auto fail = [&](const char* what) {
    throw std::runtime_error(fmt::format("{}: cannot {}: {}", path.string(), what, std::strerror(errno)));
  };
  std::error_code ignored;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ignored);
  const std::filesystem::path temporary = path.string() + ".tmp";
  {
    std::ofstream out(temporary, std::ios::binary);
    if (!out) fail("open for writing");
    out << text;
    out.close();
    if (!out) {
      std::filesystem::remove(temporary, ignored);
      fail("write");
    }
  }
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error)
    throw std::runtime_error(fmt::format("{}: cannot replace the file: {}", path.string(), error.message()));
  return true;
}

}  // namespace freefall::driver

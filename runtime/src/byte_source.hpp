// Bytes of a plain or gzip-compressed file, in order.
#pragma once

#include <zlib.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

namespace freefall::runtime {

struct close_file {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using file_handle = std::unique_ptr<std::FILE, close_file>;

// Opens for reading. Throws data_error with the reason of the operating system and the hint.
[[nodiscard]] file_handle open_file(const std::filesystem::path& file, std::string_view hint);

// Reads through, decompressing if the file begins with the magic bytes of gzip. Throws data_error when the
// file cannot be read, is damaged or truncated gzip data, or goes on after the end of it.
class byte_source {
 public:
  explicit byte_source(const std::filesystem::path& file, std::string_view hint = {});
  ~byte_source();
  byte_source(const byte_source&) = delete;
  byte_source& operator=(const byte_source&) = delete;

  // Up to n bytes; fewer only at the end.
  std::size_t read(void* to, std::size_t n);

  // Appends up to `limit` bytes to `out`, which grows by the piece as bytes arrive. Returns how many came.
  std::size_t append(std::vector<std::uint8_t>& out, std::size_t limit);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  void refill();
  void inflate_some(std::uint8_t* to, std::size_t n, std::size_t& done);

  std::filesystem::path path_;
  file_handle file_;
  std::array<std::uint8_t, 1 << 16> input_{};
  std::size_t position_ = 0, filled_ = 0;
  bool compressed_ = false;
  bool between_members_ = false;  // at the start of a gzip member, or at the end of the last
  z_stream inflater_{};
};

}  // namespace freefall::runtime

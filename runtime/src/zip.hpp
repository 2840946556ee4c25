// The part of the zip format that .npz files use (PKWARE APPNOTE 6.3.9, sections 4.3 to 4.5).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace freefall::runtime::zip {

// Writes an archive of stored members through `sink`, always with 64-bit sizes, so that there is one layout
// for small and large files. Dates are 1980-01-01, the first the format knows.
class writer {
 public:
  using sink = std::function<void(const void* bytes, std::size_t n)>;
  explicit writer(sink out) : out_(std::move(out)) {}

  // Adds a member made of the parts in order. The name has at most 65535 bytes.
  void add(const std::string& name, std::span<const std::span<const std::uint8_t>> parts);

  // Writes the directory; nothing may be added afterwards.
  void finish();

 private:
  void put(std::string_view bytes);

  sink out_;
  std::uint64_t offset_ = 0, members_ = 0;
  std::string directory_;
};

// An archive in memory. Stored or deflated members, with or without 64-bit sizes. The bytes must outlive the
// reader.
class reader {
 public:
  // Checks the whole directory. Throws data_error naming the file.
  reader(std::span<const std::uint8_t> bytes, std::filesystem::path file);

  [[nodiscard]] bool contains(const std::string& name) const { return members_.contains(name); }

  // The contents of a member, checked against its CRC-32. Stored members are viewed in place, deflated ones
  // are decompressed into `storage`, which never grows beyond the size in the directory, nor beyond what
  // deflate can make of the bytes at hand. Throws data_error.
  [[nodiscard]] std::span<const std::uint8_t> extract(const std::string& name,
                                                      std::vector<std::uint8_t>& storage) const;

 private:
  struct member {
    std::uint16_t method;
    std::uint32_t crc;
    std::span<const std::uint8_t> packed;
    std::uint64_t size;
  };
  [[noreturn]] void refuse(const std::string& what) const;
  [[nodiscard]] std::span<const std::uint8_t> slice(std::uint64_t offset, std::uint64_t n) const;
  void read_directory(std::uint64_t offset, std::uint64_t size, std::uint64_t count);

  std::span<const std::uint8_t> bytes_;
  std::filesystem::path file_;
  std::map<std::string, member, std::less<>> members_;
};

}  // namespace freefall::runtime::zip

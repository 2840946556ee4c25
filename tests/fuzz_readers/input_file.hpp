// The bytes of one fuzzing input under a path, without a disk.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>

namespace freefall::fuzz {

class input_file {
 public:
  explicit input_file(std::span<const std::uint8_t> bytes)
      : descriptor_(::memfd_create("input", MFD_CLOEXEC)) {
    std::size_t done = 0;
    while (descriptor_ >= 0 && done < bytes.size()) {
      const ssize_t written = ::write(descriptor_, bytes.data() + done, bytes.size() - done);
      if (written <= 0) std::abort();
      done += static_cast<std::size_t>(written);
    }
    if (descriptor_ < 0) std::abort();
  }
  ~input_file() { ::close(descriptor_); }
  input_file(const input_file&) = delete;
  input_file& operator=(const input_file&) = delete;

  [[nodiscard]] std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

// What a reader returns must hold; a fuzzer reports the input when it does not.
inline void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace freefall::fuzz

// Exceptions of the hosted runtime, and the text of a kernel's status.
#pragma once

#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>

#include "freefall/runtime/status.hpp"
#include "freefall/runtime/tensor_info.hpp"

namespace freefall::runtime {

// What happened in which kernel and tensor, what was found and expected, and how to mend it; "" for
// `fault::none`. With the tensor table of the kernel, a flat element is also given axis by axis: "element 817
// (batch 3, hidden 49)".
[[nodiscard]] std::string describe(const status& s, std::span<const tensor_info> tensors = {});

// Thrown by `require`; what() is the text of `describe`.
class kernel_error : public std::runtime_error {
 public:
  /// Says in words what the status says in numbers; with `tensors` it names the indices of the element.
  explicit kernel_error(const status& s, std::span<const tensor_info> tensors = {});
  /// What the kernel returned.
  [[nodiscard]] const status& reason() const noexcept { return reason_; }

 private:
  status reason_;
};

[[noreturn]] void throw_kernel_error(const status& s, std::span<const tensor_info> tensors);

// Throws kernel_error unless s.ok(). A short kernel takes less time than calls that only fetch a text, so
// `tensors` may be the function that a library has for it, which is called where there is something to say.
inline void require(const status& s, std::span<const tensor_info> tensors = {}) {
  if (!s.ok()) [[unlikely]]
    throw_kernel_error(s, tensors);
}
inline void require(const status& s, std::span<const tensor_info> (*tensors)()) {
  if (!s.ok()) [[unlikely]]
    throw_kernel_error(s, tensors());
}

// A file that is missing, damaged, or not what was asked for, or that cannot be written. what() is
// "<file>: <what was found, what was expected, how to mend it>".
class data_error : public std::runtime_error {
 public:
  /// The text is that of the file, a colon, and the message.
  data_error(const std::filesystem::path& file, const std::string& message);
};

}  // namespace freefall::runtime

// Checks at the boundary of a kernel: arrays that are there, numbers that are finite. Free of heap and
// exceptions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "freefall/runtime/status.hpp"

namespace freefall::runtime {

// One array of a call: the elements in use, and whether the kernel reads them before it writes them.
template <class T>
struct argument {
  const char* name;
  const T* data;
  std::size_t elements;
  bool read_first;
};

// A fault for the first null array (found 0, expected its elements), or the first NaN or infinity in what is
// read.
template <class T, std::size_t N>
[[nodiscard]] status check_arguments(const char* kernel, const argument<T> (&arguments)[N]) {
  for (const argument<T>& a : arguments) {
    if (a.data == nullptr) return {fault::null_argument, kernel, a.name, 0, 0, a.elements};
  }
  for (const argument<T>& a : arguments) {
    if (!a.read_first) continue;
    if (const std::size_t bad = first_not_finite(a.data, a.elements); bad != a.elements) {
      return {fault::not_finite, kernel, a.name, bad, 0, 0};
    }
  }
  return {};
}

// A workspace of the given size must be there and start at a multiple of 64 bytes.
[[nodiscard]] inline status check_workspace(const char* kernel, const void* workspace, std::size_t bytes) {
  constexpr std::size_t alignment = 64;
  if (workspace == nullptr) return {fault::null_argument, kernel, "workspace", 0, 0, bytes};
  const std::size_t past = reinterpret_cast<std::uintptr_t>(workspace) % alignment;
  if (past != 0) return {fault::misaligned_argument, kernel, "workspace", 0, past, alignment};
  return {};
}

// `diverged` for the first array written that holds a NaN or infinity.
template <class T, std::size_t N>
[[nodiscard]] status check_results(const char* kernel, const argument<T> (&results)[N]) {
  for (const argument<T>& r : results) {
    if (const std::size_t bad = first_not_finite(r.data, r.elements); bad != r.elements) {
      return {fault::diverged, kernel, r.name, bad, 0, 0};
    }
  }
  return {};
}

}  // namespace freefall::runtime

// Checks at the boundary of a kernel: arrays that are there, numbers that are finite. Free of heap and
// exceptions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "freefall/runtime/status.hpp"

namespace freefall::runtime {

// One array of a call: the elements in use, and whether the kernel reads them before it writes them. Where a
// plate lies inside another axis, `rows` runs of `elements` start `stride` apart.
template <class T>
struct argument {
  const char* name;
  const T* data;
  std::size_t elements;
  bool read_first;
  std::size_t rows = 1, stride = 0;

  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  // Flat index of the first NaN or infinity in use, or `none`.
  [[nodiscard]] constexpr std::size_t first_bad() const {
    for (std::size_t r = 0; r < rows; ++r) {
      const std::size_t bad = first_not_finite(data + r * stride, elements);
      if (bad != elements) return r * stride + bad;
    }
    return none;
  }
};

// A fault for the first null array (found 0, expected its elements), or the first NaN or infinity in what is
// read.
template <class T, std::size_t N>
[[nodiscard]] status check_arguments(const char* kernel, const argument<T> (&arguments)[N]) {
  for (const argument<T>& a : arguments) {
    if (a.data == nullptr) {
      return {fault::null_argument, kernel, a.name, 0, 0, (a.rows - 1) * a.stride + a.elements};
    }
  }
  for (const argument<T>& a : arguments) {
    if (!a.read_first) continue;
    if (const std::size_t bad = a.first_bad(); bad != a.none) {
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

// A fault for the first element of the diagonal of a square array [n, n] that is not zero.
template <class T>
[[nodiscard]] status check_zero_diagonal(const char* kernel, const char* name, const T* data, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    if (data[i * (n + 1)] != T(0)) return {fault::diagonal_not_zero, kernel, name, i * (n + 1), 0, 0};
  }
  return {};
}

// A fault for the first element in use that is no index 0 .. extent - 1.
template <class T>
[[nodiscard]] status check_indices(const char* kernel, const argument<T>& a, std::size_t extent) {
  for (std::size_t r = 0; r < a.rows; ++r) {
    for (std::size_t i = 0; i < a.elements; ++i) {
      const std::size_t at = r * a.stride + i;
      const T index = a.data[at];
      if (!(index >= T(0)) || !(index < static_cast<T>(extent)) ||
          index != static_cast<T>(static_cast<std::size_t>(index)))
        return {fault::not_an_index, kernel, a.name, at, 0, extent};
    }
  }
  return {};
}

// `diverged` for the first array written that holds a NaN or infinity.
template <class T, std::size_t N>
[[nodiscard]] status check_results(const char* kernel, const argument<T> (&results)[N]) {
  for (const argument<T>& r : results) {
    if (const std::size_t bad = r.first_bad(); bad != r.none) {
      return {fault::diverged, kernel, r.name, bad, 0, 0};
    }
  }
  return {};
}

}  // namespace freefall::runtime

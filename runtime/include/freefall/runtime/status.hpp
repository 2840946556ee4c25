// What a generated kernel returns, and the test for non-finite values it uses.
//
// This header needs no heap, no exceptions and no hosted library, so that a kernel compiled for a small
// device can include it. error.hpp turns a status into text or an exception.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "freefall/runtime/instruction_set.hpp"

namespace freefall::runtime {

// The ways in which a kernel can refuse its arguments or stop. The comment says what the fields of `status`
// hold.
enum class fault : int {
  none,
  null_argument,          // tensor; expected = its number of elements
  misaligned_argument,    // tensor; expected = alignment in bytes, found = address modulo that alignment
  copies_out_of_range,    // tensor = name of the plate; found = copies asked for, expected = its capacity
  not_finite,             // tensor; element = flat index of the first NaN or infinity
  diverged,               // tensor = result; element = flat index of its first NaN or infinity
  not_positive_definite,  // tensor
  not_an_index,  // tensor of outcomes as numbers; element = flat index, expected = number of values of the
                 // axis
  diagonal_not_zero,  // tensor of a square coupling without a diagonal; element = flat index
  no_threads,         // tensor = "threads"; found = 0
  not_prepared,       // the kernel `prepare` has not run on these arrays
  // of dispatch.hpp; tensor = FREEFALL_ISA
  unknown_instruction_set,
  missing_instruction_set,  // found = the one asked for, expected = the largest that the processor has
};

// Result of a kernel call. The strings are literals of the generated code and live for ever; they are never
// null. A kernel that returns anything but `none` says in its own documentation which outputs it has already
// written.
struct status {
  /// What was wrong.
  fault what = fault::none;
  /// The kernel that says so.
  const char* kernel = "";
  /// The array or plate it is about, or null.
  const char* tensor = "";
  /// The element, counted in the order of storage.
  std::size_t element = 0;
  /// What was found, where it is a number.
  std::size_t found = 0;
  /// What was expected, likewise.
  std::size_t expected = 0;

  /// Nothing was wrong.
  [[nodiscard, gnu::always_inline]] constexpr bool ok() const { return what == fault::none; }
};

inline namespace FREEFALL_INSTRUCTION_SET {
namespace exponent_detail {

template <class T>
struct exponent_test;

// (bits without sign) + one unit of the exponent carries into the sign bit exactly for NaN and infinity. Only
// and, add and or: vectorises on every instruction set, raises no floating-point flag and survives
// -ffinite-math-only.
template <>
struct exponent_test<float> {
  using word = std::uint32_t;
  static constexpr word magnitude = 0x7fff'ffffU, carry = 0x0080'0000U, sign = 0x8000'0000U;
};
template <>
struct exponent_test<double> {
  using word = std::uint64_t;
  static constexpr word magnitude = 0x7fff'ffff'ffff'ffffU, carry = 0x0010'0000'0000'0000U,
                        sign = 0x8000'0000'0000'0000U;
};

template <class T>
[[nodiscard, gnu::always_inline]] constexpr typename exponent_test<T>::word carried(T x) {
  using test = exponent_test<T>;
  return (std::bit_cast<typename test::word>(x) & test::magnitude) + test::carry;
}

}  // namespace exponent_detail

// Whether one of many numbers is NaN or infinite: `seen |= carried(x)` for each, then is_finite<T>(seen).
template <class T>
using exponent_bits = typename exponent_detail::exponent_test<T>::word;
using exponent_detail::carried;
template <class T>
[[nodiscard]] constexpr bool is_finite(exponent_bits<T> seen) {
  return (seen & exponent_detail::exponent_test<T>::sign) == 0;
}

// By its bits, which the unit for whole numbers compares.
template <class T>
[[nodiscard, gnu::always_inline]] constexpr bool is_one(T x) {
  return std::bit_cast<exponent_bits<T>>(x) == std::bit_cast<exponent_bits<T>>(T(1));
}

// Index of the first NaN or infinity among p[0..n), or n if all are finite. T is float or double; p needs no
// alignment beyond that of T and may be null when n is 0.
template <class T>
[[nodiscard]] constexpr std::size_t first_not_finite(const T* p, std::size_t n) {
  using test = exponent_detail::exponent_test<T>;
  std::size_t i = 0;
  const auto skip_finite = [&]<std::size_t block>(std::integral_constant<std::size_t, block>) {
    for (; n - i >= block; i += block) {
      typename test::word seen = 0;
      for (std::size_t j = 0; j < block; ++j) seen |= exponent_detail::carried(p[i + j]);
      if (seen & test::sign) break;
    }
  };
  skip_finite(std::integral_constant<std::size_t, 512 / sizeof(T)>{});
  if constexpr (sizeof(T) == 4) skip_finite(std::integral_constant<std::size_t, 64>{});
  skip_finite(std::integral_constant<std::size_t, 8>{});  // small arrays, and the rest of large ones
  for (; i < n; ++i)
    if (exponent_detail::carried(p[i]) & test::sign) return i;
  return n;
}

}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime

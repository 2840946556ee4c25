// The pointwise functions a kernel calls: those of vector_math.hpp, langevin.hpp and gamma.hpp, and the cheap
// ones that need no polynomial.
#pragma once

#include <cstddef>

#include "freefall/runtime/gamma.hpp"
#include "freefall/runtime/langevin.hpp"
#include "freefall/runtime/vector_math.hpp"

namespace freefall::runtime {
inline namespace FREEFALL_INSTRUCTION_SET {

// Stands for a row that lies outside its array.
template <class T, std::size_t n>
inline constexpr T zeros[n] = {};

namespace math {

// 1 for x > 0, else 0: the derivative of relu, 0 at 0. A NaN stays one.
template <class T>
[[gnu::always_inline]] inline T step(T x) {
  return x > T(0) ? T(1) : x <= T(0) ? T(0) : x;
}
template <class T>
[[gnu::always_inline]] inline T abs(T x) {
  return detail::absolute(x);
}
// -1, 0 or 1. A NaN stays one.
template <class T>
[[gnu::always_inline]] inline T sign(T x) {
  return x > T(0) ? T(1) : x < T(0) ? T(-1) : x;
}
// x sigmoid(x), also called swish.
template <class T>
[[gnu::always_inline]] inline T silu(T x) {
  return swish(x);
}
template <class T>
[[gnu::always_inline]] inline T pow(T x, T y) {
  if constexpr (sizeof(T) == 4)
    return __builtin_powf(x, y);
  else
    return __builtin_pow(x, y);
}
// 1 where a < b, else 0.
template <class T>
[[gnu::always_inline]] inline T less(T a, T b) {
  return a < b ? T(1) : T(0);
}
// 1 where a = b, else 0.
template <class T>
[[gnu::always_inline]] inline T equal(T a, T b) {
  return a == b ? T(1) : T(0);
}
// The whole number nearest to x, halves away from zero: an index that was computed as a number.
template <class T>
[[gnu::always_inline]] inline std::ptrdiff_t nearest(T x) {
  const auto whole = static_cast<std::ptrdiff_t>(x);
  const T rest = x - static_cast<T>(whole);  // exact
  return whole + (rest >= T(0.5)) - (rest <= T(-0.5));
}
// x as an index below n, or n where it is none.
template <class T>
[[gnu::always_inline]] inline std::size_t whole_below(T x, std::size_t n) {
  if (!(x >= T(0) && x < static_cast<T>(n))) return n;
  const auto whole = static_cast<std::size_t>(x);
  return static_cast<T>(whole) == x ? whole : n;
}
// The larger one; a NaN on either side stays one.
template <class T>
[[gnu::always_inline]] inline T maximum(T a, T b) {
  const T larger = a > b ? a : b;  // b where one is no number
  return a != a ? a : larger;
}

}  // namespace math
}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime

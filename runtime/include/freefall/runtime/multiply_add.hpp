// a b + c with one rounding where the processor has an instruction for it, and products without any.
#pragma once

#include <bit>
#include <cstdint>

#include "freefall/runtime/simd.hpp"

namespace freefall::runtime {
inline namespace FREEFALL_INSTRUCTION_SET {
namespace math::detail {

[[gnu::always_inline]] inline float multiply_add(float a, float b, float c) {
#if defined(__FMA__) || defined(__aarch64__)
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}
[[gnu::always_inline]] inline double multiply_add(double a, double b, double c) {
#if defined(__FMA__) || defined(__aarch64__)
  return __builtin_fma(a, b, c);
#else
  return a * b + c;
#endif
}

// a b = value + rest exactly (Dekker 1971), barring overflow and underflow.
struct exact_product {
  double value, rest;

  [[gnu::always_inline]] exact_product(double a, double b) : value(a * b) {
#if defined(__FMA__) || defined(__aarch64__) || defined(__FP_FAST_FMA)
    rest = __builtin_fma(a, b, -value);
#else
    const double a_high = upper_half(a), a_low = a - a_high, b_high = upper_half(b), b_low = b - b_high;
    rest = ((a_high * b_high - value) + a_high * b_low + a_low * b_high) + a_low * b_low;
#endif
  }

 private:
  [[gnu::always_inline]] static double upper_half(double x) {
    return std::bit_cast<double>(std::bit_cast<std::uint64_t>(x) & 0xffff'ffff'f800'0000U);
  }
};

// c - a b where that needs no rounding.
[[gnu::always_inline]] inline double less_product(double c, double a, double b) {
#if defined(__FMA__) || defined(__aarch64__) || defined(__FP_FAST_FMA)
  return __builtin_fma(-a, b, c);
#else
  const exact_product product(a, b);
  return (c - product.value) - product.rest;
#endif
}

}  // namespace math::detail
}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime

// The log of the gamma function and its derivatives for positive arguments: what expectations under Dirichlet
// and gamma densities are made of.
//
// Scalar. log_gamma is that of the C library. Of digamma, trigamma and polygamma the error is at most 8 ulp
// of the larger of 1 and the value (tests/runtime_math/gamma_test.cpp; digamma has a zero at 1.4616, where it
// is good to that absolute error); in single precision they are rounded from double. Arguments that are not
// positive give NaN.
#pragma once

#include <cmath>
#include <iterator>
#include <limits>

#include "freefall/runtime/simd.hpp"

namespace freefall::runtime {
inline namespace FREEFALL_INSTRUCTION_SET {
namespace math {
namespace detail {

// Abramowitz and Stegun 1972, 6.3.18 and 6.4.11: the recurrence psi_n(x) = psi_n(x + 1) - (-1)^n n! / x^(n+1)
// up to n + 13, and the asymptotic series there, whose first term left out is below 2^-56 of the sum for n
// <= 8.
inline double polygamma(int n, double x) {
  constexpr double kBernoulli[] = {1.0 / 6,         -1.0 / 30,        1.0 / 42, -1.0 / 30,
                                   5.0 / 66,        -691.0 / 2730.0,  7.0 / 6,  -3617.0 / 510.0,
                                   43867.0 / 798.0, -174611.0 / 330.0};
  if (!(x > 0) || n < 0) return std::numeric_limits<double>::quiet_NaN();
  double factorial = 1;
  for (int k = 2; k <= n; ++k) factorial *= k;
  const auto inverse_power = [](double y, int exponent) {
    double out = 1;
    for (int k = 0; k < exponent; ++k) out /= y;
    return out;
  };
  // Small terms first.
  int steps = 0;
  while (x + steps < n + 13) ++steps;
  const double y = x + steps, square = 1 / (y * y), lower = inverse_power(y, n);
  double tail = 0;
  double ratio = n == 0 ? 0.5 * square : factorial * (n + 1) / 2 * lower * square;
  double terms[std::size(kBernoulli)];
  for (int k = 1; k <= static_cast<int>(std::size(kBernoulli)); ++k) {
    terms[k - 1] = kBernoulli[k - 1] * ratio;
    ratio *=
        n == 0 ? square * k / (k + 1) : square * (2 * k + n) * (2 * k + n + 1) / ((2 * k + 1) * (2 * k + 2));
  }
  for (int k = static_cast<int>(std::size(kBernoulli)); k-- > 0;) tail += terms[k];
  tail += factorial * lower / (2 * y);
  double sum = tail + (n == 0 ? -std::log(y) : factorial / n * lower);
  for (int k = steps; k-- > 0;) sum += factorial * inverse_power(x + k, n + 1);
  return n % 2 == 0 ? -sum : sum;
}

}  // namespace detail

// ln |Gamma(x)|. The reentrant form where there is one: std::lgamma writes the sign of Gamma to a global.
template <class T>
inline T log_gamma(T x) {
#if defined(__GLIBC__)
  int sign = 0;
  if constexpr (sizeof(T) == 4) return ::lgammaf_r(x, &sign);
  return static_cast<T>(::lgamma_r(static_cast<double>(x), &sign));
#else
  return std::lgamma(x);
#endif
}
// d ln Gamma(x) / dx.
template <class T>
inline T digamma(T x) {
  return static_cast<T>(detail::polygamma(0, static_cast<double>(x)));
}
// Its derivative.
template <class T>
inline T trigamma(T x) {
  return static_cast<T>(detail::polygamma(1, static_cast<double>(x)));
}
// Derivative n of digamma, n a whole number.
template <class T>
inline T polygamma(T n, T x) {
  return static_cast<T>(detail::polygamma(static_cast<int>(std::lround(n)), static_cast<double>(x)));
}

}  // namespace math
}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime

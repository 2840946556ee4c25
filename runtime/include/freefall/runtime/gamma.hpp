// The log of the gamma function and its derivatives for positive arguments: what expectations under Dirichlet
// and gamma densities are made of.
//
// digamma and trigamma are straight-line and vectorised like vector_math.hpp; digamma has a zero at 1.4616,
// where it is good to an absolute error. log_gamma is that of the C library and polygamma a loop, rounded
// from double in single precision: both scalar. docs/numerics.md has the errors. Arguments that are not
// positive give NaN.
#pragma once

#include <array>  // std::size
#include <limits>
#if !__has_builtin(__builtin_lgamma_r)
#include <math.h>  // clang
#endif

#include "freefall/runtime/vector_math.hpp"

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
  double sum = tail + (n == 0 ? -log(y) : factorial / n * lower);
  for (int k = steps; k-- > 0;) sum += factorial * inverse_power(x + k, n + 1);
  return n % 2 == 0 ? -sum : sum;
}

}  // namespace detail

// ln |Gamma(x)|. The reentrant form of glibc and newlib: std::lgamma writes the sign of Gamma to a global.
template <class T>
inline T log_gamma(T x) {
  int sign = 0;
#if __has_builtin(__builtin_lgamma_r)
  if constexpr (sizeof(T) == 4) return __builtin_lgammaf_r(x, &sign);
  return static_cast<T>(__builtin_lgamma_r(static_cast<double>(x), &sign));
#else
  if constexpr (sizeof(T) == 4) return ::lgammaf_r(x, &sign);
  return static_cast<T>(::lgamma_r(static_cast<double>(x), &sign));
#endif
}
// Below 6 the recurrence brings the argument above: the term of x alone, and those of x + 1 .. x + 5 as one
// quotient in t = (x + 3)^2, about whose root they stand in pairs. Beyond, the asymptotic series (Abramowitz
// and Stegun 1972, 6.3.18 and 6.4.11) is replaced by a fit in w = 1 / y^2.

// d ln Gamma(x) / dx.
template <class T>
[[gnu::always_inline]] inline T digamma(T x) {
  const bool low = x < T(6);
  const T c = x + T(3), t = c * c;
  // sum of 1 / (x + k), k = 1 .. 5
  const T below = c * detail::polynomial(t, T(4), T(-15), T(5)) / (t * (t - T(1)) * (t - T(4)));
  const T y = detail::select(low, x + T(6), x), inverse = T(1) / y, w = inverse * inverse;
  T tail;  // (psi(y) - ln y + 1 / (2 y)) y^2, 2^-52 (float 2^-25)
  if constexpr (sizeof(T) == 4)
    tail = detail::polynomial(w, -8.333333079e-02F, 8.331662623e-03F, -3.804377910e-03F);
  else
    tail = detail::polynomial(w, -8.33333333333333148e-02, 8.33333333326979724e-03, -3.96825391898786468e-03,
                              4.16665205645277634e-03, -7.57361226268914080e-03, 2.09189474291103100e-02,
                              -7.52581869937241354e-02, 2.30549812306799273e-01);
  const T far = log(y) - (T(0.5) * inverse - w * tail);
  const T value = detail::select(low, (far - below) - T(1) / x, far);
  return detail::select(x > T(0), value, std::numeric_limits<T>::quiet_NaN());
}

// Its derivative.
template <class T>
[[gnu::always_inline]] inline T trigamma(T x) {
  const bool low = x < T(6);
  const T c = x + T(3), t = c * c, factor = (t - T(1)) * (t - T(4)), first = T(1) / x;
  // sum of 1 / (x + k)^2, k = 1 .. 5
  const T below = detail::polynomial(t, T(16), T(0), T(35), T(-20), T(5)) / (t * factor * factor);
  const T y = detail::select(low, x + T(6), x), inverse = T(1) / y, w = inverse * inverse;
  T tail;  // (psi'(y) - 1 / y - 1 / (2 y^2)) y^3, 2^-49 (float 2^-23)
  if constexpr (sizeof(T) == 4)
    tail = detail::polynomial(w, 1.666666468e-01F, -3.332021348e-02F, 2.251630222e-02F);
  else
    tail = detail::polynomial(w, 1.66666666666666435e-01, -3.33333333322832076e-02, 2.38095229933435494e-02,
                              -3.33330906132986438e-02, 7.57218031916667283e-02, -2.50198699954446269e-01,
                              1.03001869559189174e+00, -3.42656266174743651e+00);
  const T far = inverse + w * (T(0.5) + inverse * tail);
  const T value = detail::select(low, (far + below) + first * first, far);
  return detail::select(x > T(0), value, std::numeric_limits<T>::quiet_NaN());
}
// Derivative n of digamma, n a whole number.
template <class T>
inline T polygamma(T n, T x) {
  return static_cast<T>(detail::polygamma(static_cast<int>(n), static_cast<double>(x)));
}

}  // namespace math
}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime

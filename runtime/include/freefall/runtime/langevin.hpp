// The functions of the density exp(b s) / (2 sinhc b) on [-1, 1] (continuous Bernoulli, truncated
// exponential) in its natural parameter b: mean, variance, log-normaliser, inverse distribution function.
//
// Straight-line and vectorised like vector_math.hpp. For every finite b, 0 and the largest included, nothing
// overflows and nothing cancels: relative errors of at most 8 ulp for langevin and log_sinhc and 16 ulp for
// langevin_derivative, an absolute error of 4 ulp of 1 for the quantile
// (tests/runtime_math/langevin_test.cpp).
#pragma once

#include <limits>
#include <numbers>

#include "freefall/runtime/vector_math.hpp"

namespace freefall::runtime {
inline namespace FREEFALL_INSTRUCTION_SET {
namespace math {

namespace detail {

// (coth b - 1/b) / b for z = b^2 <= 4: a convergent of 1 / (3 + z / (5 + z / (7 + ...))) (Gauss), whose terms
// are all positive; level 11, 2^-58 (float: level 7, 2^-31).
template <class T>
[[gnu::always_inline]] inline T langevin_ratio(T z) {
  if constexpr (sizeof(T) == 4) {
    return polynomial(z, 3.333333333e-01F, 2.222222222e-02F, 2.930402930e-04F, 4.933338267e-07F) /
           polynomial(z, 1.000000000e+00F, 1.333333333e-01F, 3.418803419e-03F, 1.776001776e-05F);
  } else {
    return polynomial(z, 3.33333333333333315e-01, 2.60869565217391290e-02, 5.52104899930986920e-04,
                      4.03585453165926109e-06, 9.24947562641541898e-09, 3.16221388937279258e-12) /
           polynomial(z, 1.00000000000000000e+00, 1.44927536231884063e-01, 4.96894409937888217e-03,
                      5.81163052558933543e-05, 2.37403207744662406e-07, 2.46652683371077824e-10);
  }
}

// sinh(b) / b - 1 for z = b^2 <= 4; the Taylor series.
template <class T>
[[gnu::always_inline]] inline T sinhc_less_one(T z) {
  if constexpr (sizeof(T) == 4) {
    return z * polynomial(z, 1.666666667e-01F, 8.333333333e-03F, 1.984126984e-04F, 2.755731922e-06F,
                          2.505210839e-08F, 1.605904384e-10F, 7.647163732e-13F);
  } else {
    return z * polynomial(z, 1.66666666666666657e-01, 8.33333333333333322e-03, 1.98412698412698413e-04,
                          2.75573192239858925e-06, 2.50521083854417202e-08, 1.60590438368216133e-10,
                          7.64716373181981641e-13, 2.81145725434552060e-15, 8.22063524662432950e-18,
                          1.95729410633912626e-20, 3.86817017063068413e-23, 6.44695028438447359e-26);
  }
}

}  // namespace detail

// coth b - 1/b, the Langevin function: the mean.
template <class T>
[[gnu::always_inline]] inline T langevin(T b) {
  const T a = detail::absolute(b);
  const T large = T(1) + T(2) / expm1(T(2) * a) - T(1) / a;
  return detail::select(a < T(2), b * detail::langevin_ratio(b * b), detail::with_sign_of(large, b));
}

// 1/b^2 - 1/sinh^2 b: the variance and the Fisher information.
template <class T>
[[gnu::always_inline]] inline T langevin_derivative(T b) {
  const T a = detail::at_most(std::numeric_limits<T>::max(), detail::absolute(b));
  const T z = a * a, r = detail::langevin_ratio(z);
  const T e = exp(T(-2) * a), inverse = T(1) / a;
  const T large = (inverse - T(4) * e * a / ((T(1) - e) * (T(1) - e))) * inverse;
  return detail::select(a < T(2), T(1) - z * r * r - T(2) * r, detail::select(b == b, large, b));
}

// ln(sinh(b) / b): the log-normaliser less ln 2.
template <class T>
[[gnu::always_inline]] inline T log_sinhc(T b) {
  const T a = detail::absolute(b);
  const bool small = a < T(2);
  const T line = a - (log(detail::at_most(std::numeric_limits<T>::max(), a)) + std::numbers::ln2_v<T>);
  const T rest = log1p(detail::select(small, detail::sinhc_less_one(b * b), -exp(T(-2) * a)));
  return detail::select(small, T(0), line) + rest;
}

// The s in [-1, 1] with (e^(b s) - e^-b) / (e^b - e^-b) = u, for u in (0, 1); Q(u; -b) = -Q(1 - u; b).
template <class T>
[[gnu::always_inline]] inline T continuous_bernoulli_quantile(T u, T b) {
  const T a = detail::at_least(T(1e-30), detail::absolute(b)), v = detail::select(b < T(0), T(1) - u, u);
  const T w = T(1) - v;
  const T near = log1p(w * expm1(T(-2) * a)), far = log(v + w * exp(T(-2) * a));
  const T s = T(1) + detail::select(a < T(1), near, far) / a;
  const T inside = detail::at_least(T(-1), detail::at_most(T(1), s));
  return detail::select(b < T(0), -inside, inside);
}

}  // namespace math
}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime

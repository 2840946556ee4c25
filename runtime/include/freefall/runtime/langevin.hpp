// The functions of the density exp(b s) / (2 sinhc b) on [-1, 1] (continuous Bernoulli, truncated
// exponential) in its natural parameter b: mean, variance, log-normaliser, inverse distribution function.
//
// Straight-line and vectorised like vector_math.hpp. For every finite b, 0 and the largest included, nothing
// overflows and nothing cancels: at most 4 ulp of the value, of 1 for the quantile (docs/numerics.md).
#pragma once

#include <limits>

#include "freefall/runtime/vector_math.hpp"

namespace freefall::runtime {
inline namespace FREEFALL_INSTRUCTION_SET {
namespace math {

namespace detail {

// (coth b - 1/b) / b for w = b^2 / 2 - 1 in [-1, 1], 2^-60 (float 2^-31).
template <class T>
[[gnu::always_inline]] inline T langevin_ratio(T w) {
  if constexpr (sizeof(T) == 4) {
    return polynomial(w, 2.959458278e-01F, -3.150267391e-02F, 4.909461620e-03F, -8.117540383e-04F,
                      1.360900588e-04F, -2.286529903e-05F, 3.849990279e-06F, -6.931547563e-07F,
                      1.174059317e-07F);
  } else {
    return polynomial(w, 2.95945827760243696e-01, -3.15026746090613374e-02, 4.90946189081903784e-03,
                      -8.11744807994209177e-04, 1.36087735336320494e-04, -2.28982962590012653e-05,
                      3.85677929021207261e-06, -6.49784854237218794e-07, 1.09483674884150842e-07,
                      -1.84475184316631168e-08, 3.10835230707803750e-09, -5.23843575856604590e-10,
                      8.82691214954058093e-11, -1.47718795242698705e-11, 2.48733480938575306e-12,
                      -4.76967786860551694e-13, 8.07908323920209975e-14);
  }
}

// 1/b^2 - 1/sinh^2 b in the same w, 2^-58 (float 2^-30).
template <class T>
[[gnu::always_inline]] inline T langevin_slope(T w) {
  if constexpr (sizeof(T) == 4) {
    return polynomial(w, 2.329404787e-01F, -7.487017614e-02F, 1.967683499e-02F, -4.593512604e-03F,
                      9.958517390e-04F, -2.056014894e-04F, 4.091534428e-05F, -7.980813646e-06F,
                      1.670904076e-06F, -3.104955101e-07F);
  } else {
    return polynomial(w, 2.32940478542120993e-01, -7.48701762639078644e-02, 1.96768406061308722e-02,
                      -4.59351177326826950e-03, 9.95806655414979572e-04, -2.05599907383876906e-04,
                      4.10411430057621348e-05, -7.99503385205753904e-06, 1.52916631816607850e-06,
                      -2.88336528398284161e-07, 5.37527397702024444e-08, -9.92823357435476195e-09,
                      1.82024348160430285e-09, -3.31402960621155994e-10, 5.94150181836179077e-11,
                      -1.07298677783762687e-11, 2.24207086589687338e-12, -3.95340221716820072e-13);
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

// |b|, by which may be divided. Functions of one b that go by it share the exponential below.
template <class T>
[[gnu::always_inline]] inline T magnitude_above_zero(T b) {
  return greater_magnitude(T(1e-30), absolute(b));
}

// e^-2a = (1 + tail) 2^n for a >= 0. Where that is no normal number it is the smallest one, which is as good
// as 0 to all that is added to it here. A NaN is not kept.
template <class T>
[[gnu::always_inline]] inline exponential<T> split_exp_twice(T a) {
  constexpr T most = T(1 - std::numeric_limits<T>::min_exponent) * std::numbers::ln2_v<T>;
  return split_exp(-lesser_magnitude(most, T(2) * a));
}

}  // namespace detail

// coth b - 1/b, the Langevin function: the mean. From 2 on as ((1 + e) a - (1 - e)) / ((1 - e) a), e = e^-2a.
template <class T>
[[gnu::always_inline]] inline T langevin(T b) {
  const T a = detail::magnitude_above_zero(b);
  const auto x = detail::split_exp_twice(a);
  const T power = detail::power_of_two<T>(x.n), e = detail::multiply_add(power, x.tail, power);
  const T large = detail::multiply_add(e, a + T(1), a - T(1)) / detail::multiply_add(-e, a, a);
  const T small = b * detail::langevin_ratio(detail::multiply_add(T(0.5) * b, b, T(-1)));
  return detail::select(a < T(2), small, detail::with_sign_of(large, b));
}

// 1/b^2 - 1/sinh^2 b: the variance and the Fisher information.
template <class T>
[[gnu::always_inline]] inline T langevin_derivative(T b) {
  const T a = detail::at_most(std::numeric_limits<T>::max(), detail::absolute(b));
  const T e = exp(T(-2) * a), inverse = T(1) / a;
  const T large = (inverse - T(4) * e * a / ((T(1) - e) * (T(1) - e))) * inverse;
  const T small = detail::langevin_slope(detail::multiply_add(T(0.5) * a, a, T(-1)));
  return detail::select(a < T(2), small, detail::select(b == b, large, b));
}

// ln(sinh(b) / b): the log-normaliser less ln 2.
template <class T>
[[gnu::always_inline]] inline T log_sinhc(T b) {
  const T a = detail::absolute(b);
  const bool small = a < T(2);
  const T line = a - log(T(2) * detail::at_most(std::numeric_limits<T>::max() / 2, a));
  const T rest = log1p(detail::select(small, detail::sinhc_less_one(b * b), -exp(T(-2) * a)));
  return detail::select(small, T(0), line) + rest;
}

// The s in [-1, 1] with (e^(b s) - e^-b) / (e^b - e^-b) = u, for u in (0, 1), from 2^-100 on (draws are 2^-24
// and more); Q(u; -b) = -Q(1 - u; b). With v = u for b > 0, else 1 - u, and w = 1 - v it is 1 + ln(v + w
// e^-2a) / a, a = |b|. Near 0 the logarithm is that of 1 + w (e^-2a - 1). Both come from one exponential and
// one logarithm, whose parts are those of exp, expm1, log and log1p.
template <class T>
[[gnu::always_inline]] inline T continuous_bernoulli_quantile(T u, T b) {
  using bits = detail::bits_of<T>;
  const bits sign = detail::to_bits(b) & ~(~bits{0} >> 1);
  const T a = detail::magnitude_above_zero(b);
  const T v = detail::select(sign != 0, T(1) - u, u), w = T(1) - v;
  const bool near =
      a < T(0.345);  // up to where e^-2a = 2^n (1 + tail) has n = -1: 3.8 ulp of 1, 5.2 from 1 on
  const auto e = detail::split_exp_twice(a);
  const T power = detail::power_of_two<T>(e.n);  // the exponential is taken where it is near 1
  const T below_one = w * detail::multiply_add(power, e.tail, power - T(1));
  const T x = detail::select(near, T(1) + below_one,
                             detail::multiply_add(w, detail::multiply_add(power, e.tail, power), v));
  const T lost = detail::select(near, below_one - (x - T(1)), T(0));
  const auto s = detail::split(x);
  const bits down = detail::only_if(near, bits{0} - static_cast<bits>(s.exponent));
  const T log = detail::join_log(s.e, (s.m - T(1)) + lost * detail::power_of_two<T>(down));
  // 0 u: a NaN, of which the parts of a number know nothing. The logarithm is not positive.
  const T q = T(1) + detail::multiply_add(T(0), u, log) / a;
  return std::bit_cast<T>(detail::to_bits(detail::at_least(T(-1), q)) ^ sign);
}

}  // namespace math
}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime

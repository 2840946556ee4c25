// Pointwise functions for kernels, written so that the compiler turns a loop over them into SIMD code:
//   for (std::size_t i = 0; i < n; ++i) y[i] = math::tanh(x[i]);
// Straight-line arithmetic, selects on bits and no library call, so g++ and clang vectorise at -O3 for every
// instruction set without -ffast-math. In-place loops need `#pragma GCC ivdep` or __restrict to be
// vectorised; the array forms at the end have it.
//
// Accuracy over the whole domain, denormals and overflow included, with or without FMA: at most 4 ulp for
// float and for double; docs/numerics.md has the measured errors, tests/numerics their bounds. Infinities
// give the limit, NaN gives NaN, signed zeros are kept. Bits may differ between instruction sets with and
// without FMA. The one exception: in double, sin, cos and tan take a number of 2^48 or more for a whole turn
// (trigonometric_reduction.hpp).
//
// g++ 12 vectorises those of float everywhere, those of double from AVX2 on, and sin, cos and tan of double
// with SSE2 too. sin, cos and tan of float read a table: their loops are vectorised under -fno-trapping-math,
// with which kernels are compiled.
//
// sqrt is the machine instruction; a loop over it is vectorised under -fno-math-errno.
//
// No header of the C library is needed: what is left to it (pow, log_gamma) is called by the names of the
// compiler's builtins, and a kernel that uses none of it links without libm.
//
// Polynomials are minimax fits (weighted least squares, Lawson's reweighting) unless a source is named; the
// comment gives the largest error of the fit before rounding.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <type_traits>

#include "freefall/runtime/multiply_add.hpp"
#include "freefall/runtime/simd.hpp"
#include "freefall/runtime/trigonometric_reduction.hpp"

namespace freefall::runtime {
inline namespace FREEFALL_INSTRUCTION_SET {
namespace math {

namespace detail {

template <class T>
struct format;
template <>
struct format<float> {
  using bits = std::uint32_t;
  using integer = std::int32_t;
  static constexpr int mantissa = 23, bias = 127;
  static constexpr float round = 0x1.8p23F;  // adding it rounds to an integer, left in the low bits
  // n * ln2_high is exact for every exponent n (Cody and Waite 1980; the split of Cephes).
  static constexpr float ln2_high = 0.693359375F, ln2_low = -2.12194440e-4F;
  // exp is 0 below and infinite above; expm1 is -1 below; x sigmoid(x) is -0 below.
  static constexpr float exp_low = -104.0F, exp_high = 89.0F, expm1_low = -20.0F, product_low = -120.0F;
};
template <>
struct format<double> {
  using bits = std::uint64_t;
  using integer = std::int64_t;
  static constexpr int mantissa = 52, bias = 1023;
  static constexpr double round = 0x1.8p52;
  static constexpr double ln2_high = 0x1.62e42fee00000p-1, ln2_low = 0x1.a39ef35793c76p-33;
  static constexpr double exp_low = -746.0, exp_high = 710.0, expm1_low = -40.0, product_low = -760.0;
};

template <class T>
using bits_of = typename format<T>::bits;
template <class T>
using integer_of = typename format<T>::integer;

template <class T>
[[gnu::always_inline]] constexpr bits_of<T> to_bits(T x) {
  return std::bit_cast<bits_of<T>>(x);
}

// c0 + c1 x + c2 x^2 + ... by Horner's rule.
template <class T>
[[gnu::always_inline]] inline T polynomial(T /*x*/, T c) {
  return c;
}
template <class T, class... Rest>
[[gnu::always_inline]] inline T polynomial(T x, T c, Rest... rest) {
  return multiply_add(polynomial(x, rest...), x, c);
}
// c0 + c2 z + c4 z^2 + ...
template <class T>
[[gnu::always_inline]] inline T even_terms(T /*z*/, T c) {
  return c;
}
template <class T>
[[gnu::always_inline]] inline T even_terms(T /*z*/, T c, T /*odd*/) {
  return c;
}
template <class T, class... Rest>
[[gnu::always_inline]] inline T even_terms(T z, T c, T /*odd*/, Rest... rest) {
  return multiply_add(even_terms(z, rest...), z, c);
}
// The same polynomial of x, given z = x^2: even and odd terms do not wait for each other, so it takes half as
// long, and no operation more where z is needed anyway.
template <class T, class... Rest>
[[gnu::always_inline]] inline T polynomial_in_halves(T x, T z, T c, Rest... rest) {
  return multiply_add(even_terms(z, rest...), x, even_terms(z, c, rest...));
}

// `yes` where the mask has ones.
template <class T>
[[gnu::always_inline]] inline T blend(bits_of<T> mask, T yes, T no) {
  return std::bit_cast<T>((to_bits(yes) & mask) | (to_bits(no) & ~mask));
}
// On bits: g++ may turn a plain ?: into a branch around arithmetic and then refuse to vectorise the loop. Not
// by blend(): only where mask and choice stand in one expression does g++ 12 see a masked move of AVX-512.
template <class T>
[[gnu::always_inline]] inline T select(bool condition, T yes, T no) {
  const bits_of<T> mask = bits_of<T>{0} - static_cast<bits_of<T>>(condition);
  return std::bit_cast<T>((to_bits(yes) & mask) | (to_bits(no) & ~mask));
}
template <class Integer>
[[gnu::always_inline]] inline Integer only_if(bool condition, Integer n) {
  return n & -static_cast<Integer>(condition);
}
template <class T>
[[gnu::always_inline]] inline T absolute(T x) {
  return std::bit_cast<T>(to_bits(x) & (~bits_of<T>{0} >> 1));
}
template <class T>
[[gnu::always_inline]] inline T with_sign_of(T magnitude, T sign) {
  constexpr bits_of<T> top = ~(~bits_of<T>{0} >> 1);
  return std::bit_cast<T>((to_bits(magnitude) & ~top) | (to_bits(sign) & top));
}
template <class T>
[[gnu::always_inline]] inline T at_least(T low, T x) {  // NaN stays NaN
  return select(x < low, low, x);
}
template <class T>
[[gnu::always_inline]] inline T at_most(T high, T x) {
  return select(high < x, high, x);
}

// Of two numbers that are not negative, by their bits: one instruction in place of three. NaN is the
// greatest.
template <class T>
[[gnu::always_inline]] constexpr T lesser_magnitude(T x, T y) {
  return std::bit_cast<T>(to_bits(y) < to_bits(x) ? to_bits(y) : to_bits(x));
}
template <class T>
[[gnu::always_inline]] constexpr T greater_magnitude(T x, T y) {
  return std::bit_cast<T>(to_bits(y) < to_bits(x) ? to_bits(x) : to_bits(y));
}

// 2^n for a normal result. Exponents are two's complement in unsigned numbers: those of a NaN are arbitrary.
template <class T>
[[gnu::always_inline]] inline T power_of_two(bits_of<T> n) {
  return std::bit_cast<T>((n + format<T>::bias) << format<T>::mantissa);
}
// v * 2^n with one rounding, also where the result is denormal or infinite.
template <class T>
[[gnu::always_inline]] inline T scale(T v, bits_of<T> n) {
  constexpr bits_of<T> even = 4096;  // makes the shift a logical one: SSE2 and AVX2 have no other for 64 bits
  const bits_of<T> half = ((n + even) >> 1) - even / 2;
  return v * power_of_two<T>(half) * power_of_two<T>(n - half);
}

// e^(x + correction) = (1 + tail) * 2^n with |tail| <= 0.42; x must have been brought near the range of exp.
template <class T>
struct exponential {
  T tail;
  bits_of<T> n;
};
// Correction: a number, or no_correction, which costs nothing (a sum with 0 is no copy to a compiler).
struct no_correction {};
template <class T, class Correction = no_correction>
[[gnu::always_inline]] inline exponential<T> split_exp(T x, Correction correction = {}) {
  using F = format<T>;
  const T shifted = multiply_add(x, std::numbers::log2e_v<T>, F::round);
  const T n = shifted - F::round;
  T r = multiply_add(n, -F::ln2_low, multiply_add(n, -F::ln2_high, x));
  if constexpr (!std::is_same_v<Correction, no_correction>) r += correction;
  const T z = r * r;
  T q;  // (e^r - 1 - r) / r^2 for |r| <= ln(2) / 2, error relative to e^r
  if constexpr (sizeof(T) == 4) {
    q = polynomial_in_halves(r, z, 5.000000000e-01F, 1.666666567e-01F, 4.166628048e-02F, 8.333503269e-03F,
                             1.394575578e-03F,
                             1.978928922e-04F);  // 2^-34
  } else {
    q = polynomial_in_halves(r, z, 5.00000000000000000e-01, 1.66666666666666852e-01, 4.16666666666657276e-02,
                             8.33333333331526954e-03, 1.38888888892370224e-03, 1.98412699006679440e-04,
                             2.48015867521373405e-05, 2.75572306372313961e-06, 2.75576960707274596e-07,
                             2.51134933448021746e-08, 2.07988044545156066e-09);  // 2^-63
  }
  return {multiply_add(z, q, r), to_bits(shifted) - to_bits(F::round)};
}

// log(2^e (1 + f)) for 1 + f in [sqrt(1/2), sqrt(2)].
template <class T>
[[gnu::always_inline]] inline T join_log(T e, T f) {
  using F = format<T>;
  const T half_square = T(0.5) * f * f;
  if constexpr (sizeof(T) == 4) {
    // (log(1 + f) - f + f^2 / 2) / f^3, 2^-30
    const float p = polynomial(f, 3.333331347e-01F, -2.500000894e-01F, 2.000211924e-01F, -1.666799486e-01F,
                               1.421954334e-01F, -1.240559742e-01F, 1.188823208e-01F, -1.167562380e-01F,
                               6.746454537e-02F);
    const float low = multiply_add(e, F::ln2_low, multiply_add(p, f * f * f, -half_square));
    return multiply_add(e, F::ln2_high, f + low);
  } else {
    // log(1 + f) = 2 atanh(s) = 2 s + s z R(z), arranged as in fdlibm (Ng 1993); 2^-59
    const double s = f / (2.0 + f), z = s * s;
    const double r = z * polynomial(z, 6.66666666666673513e-01, 3.99999999994109290e-01,
                                    2.85714287432851599e-01, 2.22221984747814544e-01, 1.81835697596359258e-01,
                                    1.53139035811677093e-01, 1.47974977312223283e-01);
    const double low = multiply_add(s, half_square + r, e * F::ln2_low);
    return multiply_add(e, F::ln2_high, f - (half_square - low));
  }
}

// y = 2^e m with m in [sqrt(1/2), sqrt(2)); y normal and positive.
template <class T>
struct split_number {
  T e, m;
  integer_of<T> exponent;
};
template <class T>
[[gnu::always_inline]] inline split_number<T> split(T y) {
  using F = format<T>;
  constexpr bits_of<T> middle = to_bits(std::numbers::sqrt2_v<T> / 2), one = to_bits(T(1));
  const bits_of<T> moved = to_bits(y) + (one - middle);
  const auto exponent = static_cast<integer_of<T>>(moved >> F::mantissa) - F::bias;
  const T m = std::bit_cast<T>((moved & ((bits_of<T>{1} << F::mantissa) - 1)) + middle);
  // Integer to floating point by the rounding constant: 64-bit conversions are missing before AVX-512.
  const T e = std::bit_cast<T>(to_bits(F::round) + static_cast<bits_of<T>>(exponent)) - F::round;
  return {e, m, exponent};
}

// -infinity where x is zero, NaN where x < 0 or NaN, infinity where x is infinite, otherwise y.
template <class T>
[[gnu::always_inline]] inline T log_limits(T x, T y) {
  constexpr T infinity = std::numeric_limits<T>::infinity();
  y = select(x == infinity, infinity, y);
  y = select(x == T(0), -infinity, y);
  return select(x >= T(0), y, std::numeric_limits<T>::quiet_NaN());
}

// Phi(-t) = (1 / sqrt(2 pi)) integral of exp(-u^2 / 2) from t, as value * 2^n, for t in [0, 15] in float and
// [0, 40] in double, where it is below the smallest denormal.
template <class T>
[[gnu::always_inline]] inline void normal_tail(T t, T& value, bits_of<T>& n) {
  // Phi(-t) exp(t^2 / 2) (1 + t) in q = (t - 4) / (t + 4), 2^-29 and 2^-59
  const T q = (t - T(4)) / (t + T(4));
  T r;
  bits_of<T> upper_half;
  if constexpr (sizeof(T) == 4) {
    r = polynomial(q, 4.720532000e-01F, -9.670346975e-02F, 1.399959717e-02F, 2.859997749e-02F,
                   -3.219728544e-02F, 1.794020832e-02F, -5.004283972e-03F, -3.036881390e-04F,
                   6.927122013e-04F, -6.078146907e-05F, -7.169591845e-05F);
    upper_half = 0xffff'f000U;
  } else {
    r = polynomial(
        q, 4.72053206509844669e-01, -9.67034773265257608e-02, 1.39996347244247463e-02,
        2.86003640535445539e-02, -3.21978374280478680e-02, 1.79360974798946811e-02, -5.00237859187455548e-03,
        -2.85623101628172931e-04, 6.94897113714575826e-04, -9.44302198340615334e-05, -8.78532410905996468e-05,
        2.12498526610086318e-05, 1.36270861681077173e-05, -3.43145976311068511e-06, -2.61339865416118722e-06,
        4.02642032246372156e-07, 5.52603494637960844e-07, 4.48711765870023707e-09, -1.11189300904331517e-07,
        -2.30401422773529700e-08, 1.71747999271532498e-08, 8.10459440427227721e-09, -9.40772996820306325e-10,
        -1.27230787432618247e-09, -2.23062286392149130e-10);
    upper_half = 0xffff'ffff'f800'0000U;
  }
  r /= T(1) + t;
  // t^2 = square + rest exactly (Dekker 1971): its rounding would be magnified by exp.
  const T square = t * t, high = std::bit_cast<T>(to_bits(t) & upper_half), low = t - high;
  const T rest = ((high * high - square) + T(2) * high * low) + low * low;
  const exponential<T> e = split_exp(T(-0.5) * square, T(-0.5) * rest);
  value = multiply_add(r, e.tail, r);
  n = e.n;
}

// sin(x + quarters pi / 2) for quarters 0 (sine) or 1 (cosine).
[[gnu::always_inline]] inline float sine_of_turn(float x, std::uint32_t quarters) {
  const float magnitude = absolute(x);
  const reduced_angle a = reduce_angle(magnitude);
  const float r = a.rest, z = r * r;
  const std::uint32_t quadrant = a.quadrant + quarters;
  // sin(r) = r + r z S(z), 2^-28; cos(r) = 1 - z / 2 + z^2 C(z), 2^-33
  const float sine =
      multiply_add(r * z, polynomial(z, -1.666665375e-01F, 8.332112804e-03F, -1.950874575e-04F), r);
  const float cosine = multiply_add(
      z * z, polynomial(z, 4.166664556e-02F, -1.388725126e-03F, 2.442567711e-05F), 1.0F - 0.5F * z);
  const float y = select((quadrant & 1U) != 0, cosine, sine);
  const std::uint32_t odd =
      quarters == 0 ? to_bits(x) & 0x8000'0000U : 0U;  // the sine is odd, the cosine even
  const float result = std::bit_cast<float>(to_bits(y) ^ ((quadrant & 2U) << 30) ^ odd);
  return select(magnitude < std::numeric_limits<float>::infinity(), result,
                std::numeric_limits<float>::quiet_NaN());
}

// sin(rest + low) and cos(rest + low), both as sums of a number and what its rounding left out.
struct sine_and_cosine {
  double sine, sine_low, cosine, cosine_low;

  [[gnu::always_inline]] explicit sine_and_cosine(const reduced_double& a) {
    const double r = a.rest, z = r * r;
    // sin(r) = r + r z S(z), 2^-57; cos(r) = 1 - z / 2 + z^2 C(z), 2^-62; up to 0.82, as large angles are
    // reduced no better
    const double more = multiply_add(
        r * z,
        polynomial(z, -1.66666666666666075e-01, 8.33333333331604323e-03, -1.98412698247608628e-04,
                   2.75573119633536980e-06, -2.50504914243725662e-08, 1.58815857842661097e-10),
        a.low);
    sine = r + more;
    sine_low = more - (sine - r);
    const double half = 0.5 * z, most = 1.0 - half;
    const double less =
        multiply_add(z * z,
                     polynomial(z, 4.16666666666665395e-02, -1.38888888888643648e-03, 2.48015872835239784e-05,
                                -2.75573126704111684e-07, 2.08754999489569415e-09, -1.13483555165006253e-11),
                     multiply_add(-r, a.low, (1.0 - most) - half));
    cosine = most + less;
    cosine_low = less - (cosine - most);
  }
};

// All ones where the quadrant is odd, so that sine and cosine change places. By arithmetic: SSE2 does not
// compare 64-bit integers.
[[gnu::always_inline]] inline std::uint64_t where_odd(std::uint64_t quadrant) { return 0U - (quadrant & 1U); }

[[gnu::always_inline]] inline double sine_of_turn(double x, std::uint64_t quarters) {
  const reduced_double a = reduce_angle(absolute(x));
  const sine_and_cosine of(a);
  const std::uint64_t quadrant = a.quadrant + quarters;
  const double y = blend(where_odd(quadrant), of.cosine, of.sine);
  const std::uint64_t odd = quarters == 0 ? to_bits(x) & (std::uint64_t{1} << 63) : 0U;
  return std::bit_cast<double>(to_bits(y) ^ ((quadrant & 2U) << 62) ^ odd);
}

// Sine over cosine, or cosine over sine; the quotient is mended by its remainder and by what the roundings of
// both left out.
[[gnu::always_inline]] inline double tangent(double x) {
  const reduced_double a = reduce_angle(absolute(x));
  const sine_and_cosine of(a);
  const std::uint64_t turned = where_odd(a.quadrant);
  const double above = blend(turned, of.cosine, of.sine), below = blend(turned, of.sine, of.cosine);
  const double above_low = blend(turned, of.cosine_low, of.sine_low),
               below_low = blend(turned, of.sine_low, of.cosine_low);
  const double inverse = 1.0 / below, quotient = above * inverse;
  const double remainder = less_product(above, quotient, below);
  const double y = multiply_add(multiply_add(-quotient, below_low, remainder + above_low), inverse, quotient);
  return std::bit_cast<double>(to_bits(y) ^ (a.quadrant << 63) ^ (to_bits(x) & (std::uint64_t{1} << 63)));
}

}  // namespace detail

template <class T>
[[gnu::always_inline]] inline T exp(T x) {
  using F = detail::format<T>;
  const auto e = detail::split_exp(detail::at_most(F::exp_high, detail::at_least(F::exp_low, x)));
  return detail::scale(T(1) + e.tail, e.n);
}

template <class T>
[[gnu::always_inline]] inline T expm1(T x) {
  using F = detail::format<T>;
  const auto e = detail::split_exp(detail::at_most(F::exp_high, detail::at_least(F::expm1_low, x)));
  const T half = detail::power_of_two<T>(e.n - 1);  // 2^n itself may overflow
  const T large = T(2) * detail::multiply_add(half, e.tail, half - T(0.5));
  return detail::select(e.n == 0, detail::select(x == T(0), x, e.tail), large);
}

namespace detail {

// Of a finite positive number.
template <class T>
[[gnu::always_inline]] inline T log_of_positive(T x) {
  using F = format<T>;
  constexpr T lift = T(bits_of<T>{1} << F::mantissa);
  const bool denormal = x < std::numeric_limits<T>::min();
  const auto s = split(select(denormal, x * lift, x));
  return join_log(s.e - select(denormal, T(F::mantissa), T(0)), s.m - T(1));
}

}  // namespace detail

template <class T>
[[gnu::always_inline]] inline T log(T x) {
  return detail::log_limits(x, detail::log_of_positive(x));
}

// ln max(x, 1e-16): the log of a probability, finite where the probability is zero. A NaN stays one.
template <class T>
[[gnu::always_inline]] inline T log_probability(T x) {
  const auto s = detail::split(detail::at_least(T(1e-16), x));
  return detail::select(x < std::numeric_limits<T>::infinity(), detail::join_log(s.e, s.m - T(1)), x);
}

// x ln x for x >= 0, with its limit 0 at 0 and below. A NaN stays one.
template <class T>
[[gnu::always_inline]] inline T xlogx(T x) {
  const T log = detail::select(x < std::numeric_limits<T>::infinity(), detail::log_of_positive(x), x);
  return detail::select(x <= T(0), T(0), x * log);
}

template <class T>
[[gnu::always_inline]] inline T log1p(T x) {
  const T w = T(1) + x;
  const T lost = detail::select(x > T(1), T(1) - (w - x), x - (w - T(1)));  // 1 + x = w + lost exactly
  const auto s = detail::split(w);
  const T f = (s.m - T(1)) + lost * (T(0.5) * detail::power_of_two<T>(static_cast<detail::bits_of<T>>(
                                                  1 - s.exponent)));  // 2^-e may be denormal
  return detail::select(x == T(0), x, detail::log_limits(w, detail::join_log(s.e, f)));
}

// With |x| = n ln(2) / 2 + r and t = tanh(r), by the rule of sums:
//   tanh |x| = (2^n - 1 + (2^n + 1) t) / (2^n + 1 + (2^n - 1) t)
// Fewer operations than by e^2x, as tanh(r) is odd. From n = 25 (54 in double) on, both sides of the fraction
// are the same number.
template <class T>
[[gnu::always_inline]] inline T tanh(T x) {
  using F = detail::format<T>;
  using bits = detail::bits_of<T>;
  constexpr T one_from_here = sizeof(T) == 4 ? T(10) : T(20);
  // Adding it rounds to an integer and leaves n + bias in the low bits: a shift makes 2^n of them.
  constexpr T round = F::round + T(F::bias);
  // On bits a bound is an operation for less and sooner there than by comparing numbers; it drops a NaN.
  const T bounded = detail::lesser_magnitude(one_from_here, detail::absolute(x));
  const T shifted = detail::multiply_add(bounded, 2 * std::numbers::log2e_v<T>, round), n = shifted - round;
  T r, t;  // tanh(r) = r + r z T(z) for |r| <= ln(2) / 4, error relative to tanh(r)
  if constexpr (sizeof(T) == 4) {
    // The float nearest to ln(2) is only 2e-9 off and has 21 bits: the product is exact up to n = 7; beyond,
    // its rounding is lost in a tanh that hardly rises.
    r = detail::multiply_add(n, -std::numbers::ln2_v<T> / 2, bounded);
    const T z = r * r;
    t = detail::multiply_add(z * r, detail::polynomial(z, -3.333127152e-01F, 1.311062876e-01F), r);  // 2^-24
  } else {
    r = detail::multiply_add(n, -F::ln2_low / 2, detail::multiply_add(n, -F::ln2_high / 2, bounded));
    const T z = r * r;
    t = detail::multiply_add(
        z * r,
        detail::polynomial(z, -3.33333333333324850e-01, 1.33333333327837205e-01, -5.39682527819604999e-02,
                           2.18693707107972592e-02, -8.85730864788789804e-03, 3.44483639499419714e-03),
        r);  // 2^-57
  }
  const T power = std::bit_cast<T>(detail::to_bits(shifted) << F::mantissa);
  const T less = power - T(1), more = power + T(1);
  const T magnitude = detail::multiply_add(more, t, less) / detail::multiply_add(less, t, more);
  constexpr bits sign = ~(~bits{0} >> 1);
  const bits kept = sign | (bits{0} - static_cast<bits>(x != x));  // of a NaN all: 1 with its bits is one
  return std::bit_cast<T>(detail::to_bits(magnitude) | (detail::to_bits(x) & kept));
}

// 1 / (1 + e^-x)
template <class T>
[[gnu::always_inline]] inline T sigmoid(T x) {
  const T e = exp(-detail::absolute(x));
  return detail::select(x < T(0), e, T(1)) / (T(1) + e);
}

// log(1 + e^x)
template <class T>
[[gnu::always_inline]] inline T softplus(T x) {
  // log1p for an argument in [0, 1]: no limits to guard and only two exponents
  const T u = exp(-detail::absolute(x)), w = T(1) + u, lost = u - (w - T(1));
  const bool upper = w > std::numbers::sqrt2_v<T>;
  const T half = detail::select(upper, T(0.5), T(1));
  const T f = detail::multiply_add(w, half, T(-1)) + lost * half;
  return detail::select(x > T(0), x, T(0)) + detail::join_log(detail::select(upper, T(1), T(0)), f);
}

template <class T>
[[gnu::always_inline]] inline T relu(T x) {
  return x < T(0) ? T(0) : x;
}

// x sigmoid(x), also called silu
template <class T>
[[gnu::always_inline]] inline T swish(T x) {
  using F = detail::format<T>;
  const T c = detail::at_least(F::product_low, x);
  const auto e = detail::split_exp(detail::at_least(F::product_low, -detail::absolute(c)));
  const bool negative = c < T(0);
  // The power of two comes last: e^x alone may be denormal where x e^x is not.
  const T numerator = detail::select(negative, detail::multiply_add(c, e.tail, c), c);
  const T y = numerator / (T(1) + detail::scale(T(1) + e.tail, e.n));
  return detail::scale(y, detail::only_if(negative, e.n));
}

template <class T>
[[gnu::always_inline]] inline T erf(T x) {
  const T z = x * x;
  T small, large;  // below and beyond 1
  if constexpr (sizeof(T) == 4) {
    const T t = detail::at_most(4.0F, detail::absolute(x));
    // erf(x) = x + x E(x^2), 2^-29; log(erfc(t)) = t G(t), 2^-30
    small = detail::polynomial(z, 1.283791661e-01F, -3.761262596e-01F, 1.128358543e-01F, -2.685382217e-02F,
                               5.188345909e-03F, -8.010339225e-04F, 7.854307478e-05F);
    const float g =
        detail::polynomial(t, -1.128669024e+00F, -6.350682378e-01F, -1.063736901e-01F, 2.387941629e-02F,
                           -3.697731066e-03F, 3.363492724e-04F, -1.258014800e-05F);
    large = 1.0F - exp(t * g);
  } else {
    // E, 2^-62; erfc(t) = 2 Phi(-sqrt(2) t)
    small = detail::polynomial(z, 1.28379167095512586e-01, -3.76126389031837483e-01, 1.12837916709548583e-01,
                               -2.68661706450729586e-02, 5.22397762478137018e-03, -8.54832697876514854e-04,
                               1.20553310375510879e-04, -1.49255935187277939e-05, 1.64609729541474188e-06,
                               -1.63500261920151474e-07, 1.46578835305305487e-08, -1.13656706704167468e-09,
                               5.94525558197340681e-11);
    const T t = std::numbers::sqrt2 * detail::at_most(6.0, detail::absolute(x));
    T tail;
    detail::bits_of<T> n;
    detail::normal_tail(t, tail, n);
    large = 1.0 - detail::scale(tail, n + 1);
  }
  const T near = detail::select(x == T(0), x, detail::multiply_add(x, small, x));
  return detail::select(z < T(1), near, detail::with_sign_of(large, x));
}

namespace detail {
// Phi is 0 below, x Phi(x) is x beyond.
template <class T>
inline constexpr T normal_edge = sizeof(T) == 4 ? T(15) : T(40);
}  // namespace detail

// x Phi(x), the exact form
template <class T>
[[gnu::always_inline]] inline T gelu(T x) {
  const T c = detail::at_least(-detail::normal_edge<T>, x),
          bounded = detail::at_most(detail::normal_edge<T>, c);
  T tail;
  detail::bits_of<T> n;
  detail::normal_tail(detail::absolute(bounded), tail, n);
  const bool positive = c > T(0);
  const T upper = detail::multiply_add(-bounded, detail::scale(tail, n), c);
  // The power of two comes last: Phi(x) alone may be denormal where x Phi(x) is not.
  return detail::scale(detail::select(positive, upper, c * tail), detail::only_if(!positive, n));
}

template <class T>
[[gnu::always_inline]] inline T sqrt(T x) {
  if constexpr (sizeof(T) == 4)
    return __builtin_sqrtf(x);
  else
    return __builtin_sqrt(x);
}

template <class T>
[[gnu::always_inline]] inline T sin(T x) {
  return detail::sine_of_turn(x, 0);
}

template <class T>
[[gnu::always_inline]] inline T cos(T x) {
  return detail::sine_of_turn(x, 1);
}

template <class T>
[[gnu::always_inline]] inline T tan(T x) {
  if constexpr (sizeof(T) == 4)
    return sin(x) / cos(x);  // its error is theirs and that of one division
  else
    return detail::tangent(x);
}

// Array forms: y[i] = f(x[i]) for i < n; y may be x.
#define FREEFALL_ARRAY_FORM(function)                                               \
  template <class T>                                                                \
  void function(std::size_t n, const T* x, T* y) {                                  \
    FREEFALL_INDEPENDENT for (std::size_t i = 0; i < n; ++i) y[i] = function(x[i]); \
  }
FREEFALL_ARRAY_FORM(exp)
FREEFALL_ARRAY_FORM(expm1)
FREEFALL_ARRAY_FORM(log)
FREEFALL_ARRAY_FORM(log1p)
FREEFALL_ARRAY_FORM(tanh)
FREEFALL_ARRAY_FORM(sigmoid)
FREEFALL_ARRAY_FORM(softplus)
FREEFALL_ARRAY_FORM(relu)
FREEFALL_ARRAY_FORM(swish)
FREEFALL_ARRAY_FORM(erf)
FREEFALL_ARRAY_FORM(gelu)
FREEFALL_ARRAY_FORM(sqrt)
FREEFALL_ARRAY_FORM(sin)
FREEFALL_ARRAY_FORM(cos)
FREEFALL_ARRAY_FORM(tan)
#undef FREEFALL_ARRAY_FORM

}  // namespace math
}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime

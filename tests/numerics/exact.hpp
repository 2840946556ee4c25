#pragma once
// The functions of numerics.def in a wider format: long double beside float, __float128 (113 bits) beside
// double. Written so that nothing cancels by more than a digit or two there; shares no code with the runtime.

#include <quadmath.h>

#include <cmath>
#include <limits>

namespace freefall::numerics::exact {

using quad = __float128;

#define FREEFALL_WIDE(name)                                       \
  inline long double name(long double x) { return std::name(x); } \
  inline quad name(quad x) { return name##q(x); }
FREEFALL_WIDE(exp)
FREEFALL_WIDE(expm1)
FREEFALL_WIDE(log)
FREEFALL_WIDE(log1p)
FREEFALL_WIDE(sqrt)
FREEFALL_WIDE(tanh)
FREEFALL_WIDE(erf)
FREEFALL_WIDE(erfc)
FREEFALL_WIDE(sin)
FREEFALL_WIDE(cos)
FREEFALL_WIDE(tan)
FREEFALL_WIDE(lgamma)
FREEFALL_WIDE(floor)
#undef FREEFALL_WIDE
inline long double pow(long double x, long double y) { return std::pow(x, y); }
inline quad pow(quad x, quad y) { return powq(x, y); }

template <class W>
constexpr W kPi = static_cast<W>(3.14159265358979323846264338327950288Q);
template <class W>
constexpr W kLn2 = static_cast<W>(0.693147180559945309417232121458176568Q);
template <class W>
constexpr W kInfinity = static_cast<W>(std::numeric_limits<double>::infinity());

template <class W>
W absolute(W x) {
  return x < 0 ? -x : x;
}

// ---- one step of the C library

template <class W>
W log_probability(W x, W smallest) {
  return log(x < smallest ? smallest : x);
}
template <class W>
W xlogx(W x) {
  return x <= 0 ? W(0) : x * log(x);
}
template <class W>
W sigmoid(W x) {
  return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x));
}
template <class W>
W softplus(W x) {
  return (x > 0 ? x : W(0)) + log1p(exp(-absolute(x)));
}
template <class W>
W silu(W x) {
  return x == -kInfinity<W> ? -W(0) : x * sigmoid(x);
}
template <class W>
W normal_cdf(W x) {
  return erfc(-x / sqrt(W(2))) / 2;
}
template <class W>
W gelu(W x) {
  return x == -kInfinity<W> ? -W(0) : x * normal_cdf(x);
}
// ---- the continuous Bernoulli density

// Lambert's continued fraction of (coth b - 1/b) / b; exact to the format for |b| < 4.
template <class W>
W langevin_ratio(W b) {
  W tail = 101;
  for (int odd = 99; odd >= 3; odd -= 2) tail = odd + b * b / tail;
  return 1 / tail;
}
template <class W>
W langevin(W b) {
  const W a = absolute(b);
  if (!(a >= 3)) return b * langevin_ratio(b);
  const W value = 1 + 2 / expm1(2 * a) - 1 / a;
  return b < 0 ? -value : value;
}
// 1 - L^2 - 2 L / b loses two bits at most below 3.
template <class W>
W langevin_derivative(W b) {
  const W a = absolute(b);
  if (!(a >= 3)) {
    const W ratio = langevin_ratio(b);
    return 1 - b * b * ratio * ratio - 2 * ratio;
  }
  const W e = exp(-2 * a);
  return 1 / a / a - 4 * e / ((1 - e) * (1 - e));
}
template <class W>
W log_sinhc(W b) {
  const W a = absolute(b);
  if (!(a >= 3)) {
    W sum = 0;  // sinh(b) / b - 1, smallest terms first
    for (int k = 40; k >= 1; --k) sum = (1 + sum) * (b * b / W(2 * k * (2 * k + 1)));
    return log1p(sum);
  }
  return a == kInfinity<W> ? a : a + log1p(-exp(-2 * a)) - log(a) - kLn2<W>;
}
// s = 1 + ln(v + (1 - v) e^-2a) / a for b > 0, v = u; odd under (b, u) -> (-b, 1 - u).
template <class W>
W continuous_bernoulli_quantile(W u, W b) {
  const W a = absolute(b), v = b < 0 ? 1 - u : u;
  W s = 2 * v - 1;
  if (a > W(1e-40)) s = 1 + (a < 1 ? log1p((1 - v) * expm1(-2 * a)) : log(v + (1 - v) * exp(-2 * a))) / a;
  return b < 0 ? -s : s;
}

// ---- the gamma function

template <class W>
W log_gamma(W x) {
  return x >= 0 ? lgamma(x) : W(std::numeric_limits<double>::quiet_NaN());
}
// Derivative n of psi for x > 0: up to x >= 45 by the recurrence, there by the asymptotic series with
// Bernoulli numbers (Abramowitz and Stegun 1972, 6.3.18 and 6.4.11), whose term 16 is below 2^-115 of the
// sum.
template <class W>
W polygamma(int n, W x) {
  if (!(x > 0)) return W(std::numeric_limits<double>::quiet_NaN());
  if (x == kInfinity<W>) return n == 0 ? x : W(0);
  static constexpr long long kNumerator[] = {1,
                                             -1,
                                             1,
                                             -1,
                                             5,
                                             -691,
                                             7,
                                             -3617,
                                             43867,
                                             -174611,
                                             854513,
                                             -236364091,
                                             8553103,
                                             -23749461029LL,
                                             8615841276005LL};
  static constexpr long long kDenominator[] = {6,   30,  42,  30,   66, 2730, 6,    510,
                                               798, 330, 138, 2730, 6,  870,  14322};
  W factorial = 1;  // (n - 1)!, 1 for n = 0
  for (int k = 2; k < n; ++k) factorial *= k;
  const W next = n == 0 ? W(1) : factorial * n;  // n!
  W below = 0, y = x;
  const auto to_the = [](W base, int exponent) {
    W out = 1;
    for (int k = 0; k < exponent; ++k) out *= base;
    return out;
  };
  for (; y < 45 + n; y += 1) below += next / to_the(y, n + 1);
  const W inverse = 1 / y, square = inverse * inverse, power = to_the(inverse, n);
  W tail = 0, term = next * (n + 1) * power * square / 2;  // (2k + n - 1)! / (2k)! y^-(2k + n), k = 1
  for (int k = 1; k <= 15; ++k) {
    tail += W(kNumerator[k - 1]) / W(kDenominator[k - 1]) * term;
    term *= square * W(2 * k + n) * W(2 * k + n + 1) / (W(2 * k + 1) * W(2 * k + 2));
  }
  // Sign: psi_n = (-1)^(n + 1) (leading + n! / (2 y^(n + 1)) + tail + the terms of the recurrence), psi_0
  // with -ln y.
  const W leading = n == 0 ? -log(y) : factorial * power;
  const W sum = leading + next * power * inverse / 2 + tail + below;
  return n % 2 == 0 ? -sum : sum;
}

}  // namespace freefall::numerics::exact

#pragma once
// The continuous Bernoulli distribution on [-1, 1] in natural form, written by hand. Shares no code with the
// compiler.
//
//   p_b(s) = exp(b s - phi(b)),  -1 <= s <= 1,   phi(b) = ln int e^{bs} ds = ln(2 sinh(b) / b),  phi(0) = ln
//   2
//
//   mean      L(b)  = phi'(b)  = coth(b) - 1/b             the Langevin function
//   variance  L'(b) = phi''(b) = 1/b^2 - 1/sinh(b)^2       the Fisher information of b
//   entropy   H(b)  = E[-ln p_b] = phi(b) - b L(b)         differential, nats; negative for |b| > 2.63
//   KL(p_q || p_p)  = phi(p) - phi(q) + (q - p) L(q)       the Bregman divergence of phi
//
// Loaiza-Ganem and Cunningham 2019 have the same family on x in [0, 1] with lambda: s = 2x - 1 gives
// b = logit(lambda) / 2.
//
// The formulas above lose every digit at small b and overflow at large b. Below |b| = 2 each is written here
// as a quotient of power series all of whose terms are positive, so nothing cancels; above, with a = |b|, as
// its limit plus a multiple of e^{-2a}. Every argument is allowed, 0, denormal and 1e300 included; phi, L and
// L' are good to a few units in the last place, H and KL to a few units of their largest term. T is float,
// double or long double.

#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <numbers>

#include "models/reference/quadrature.hpp"

namespace freefall::by_hand::continuous_bernoulli {

namespace series {

// Arguments with |b| below this use the power series.
inline constexpr int below = 2;

// sum_{k >= 0} t_k with t_0 = first and t_k = t_{k-1} * ratio(k), all positive.
template <std::floating_point T, class Ratio>
T sum(T first, Ratio ratio) {
  T total = first, term = first;
  for (int k = 1; term > total * std::numeric_limits<T>::epsilon() / 4; ++k) total += term *= ratio(T(k));
  return total;
}

// (sinh(b)/b - 1) / b^2 = sum_{k >= 0} b^{2k} / (2k + 3)!
template <std::floating_point T>
T sinh_excess(T b) {
  return sum(T(1) / 6, [y = b * b](T k) { return y / ((2 * k + 2) * (2 * k + 3)); });
}

// (b cosh b - sinh b) / b^3 = sum_{k >= 1} 2k b^{2k-2} / (2k + 1)!
template <std::floating_point T>
T langevin_numerator(T b) {
  return sum(T(1) / 3, [y = b * b](T k) { return y * (k + 1) / (k * (2 * k + 2) * (2 * k + 3)); });
}

// (sinh(b)^2 - b^2) / b^4 = sum_{k >= 2} 2^{2k-1} b^{2k-4} / (2k)!     from sinh^2 = (cosh 2b - 1) / 2
template <std::floating_point T>
T variance_numerator(T b) {
  return sum(T(1) / 3, [y = b * b](T k) { return 4 * y / ((2 * k + 3) * (2 * k + 4)); });
}

}  // namespace series

// phi(b), nats.
template <std::floating_point T>
T log_normaliser(T b) {
  const T a = std::abs(b);
  if (a < series::below) return std::numbers::ln2_v<T> + std::log1p(b * b * series::sinh_excess(b));
  return a + std::log1p(-std::exp(-2 * a)) - std::log(a);
}

// L(b), in [-1, 1], odd.
template <std::floating_point T>
T mean(T b) {
  const T a = std::abs(b);
  if (a < series::below) return b * (series::langevin_numerator(b) / (1 + b * b * series::sinh_excess(b)));
  return std::copysign(1 + 2 / std::expm1(2 * a) - 1 / a, b);
}

// L'(b), in [0, 1/3], even. 0 once 1/b^2 underflows.
template <std::floating_point T>
T variance(T b) {
  const T a = std::abs(b);
  if (a < series::below) {
    const T s = 1 + b * b * series::sinh_excess(b);
    return series::variance_numerator(b) / (s * s);
  }
  const T e = std::exp(-2 * a);
  return 1 / a / a - 4 * e / ((1 - e) * (1 - e));
}

// H(b). Its zero at |b| = 2.63 is good in absolute, not relative terms.
template <std::floating_point T>
T entropy(T b) {
  const T a = std::abs(b);
  if (a < series::below) return log_normaliser(b) - b * mean(b);
  return 1 - std::log(a) + std::log1p(-std::exp(-2 * a)) - a / (std::expm1(2 * a) / 2);
}

// -ln p_b(s), nats; its derivative in b is L(b) - s.
template <std::floating_point T>
T surprise(T s, T b) {
  return log_normaliser(b) - b * s;
}

// KL(p_q || p_p) >= 0; its derivatives are (q - p) L'(q) in q and L(p) - L(q) in p.
//
// Near p = q the two values of phi agree in most of their digits, so there KL is taken as the remainder of
// Taylor's formula, int_0^1 (1 - t) d^2 L'(q + t d) dt with d = p - q: a positive integrand, analytic around
// [0, 1] for |d| <= max(2, |q|/2), for which 20 points are exact to rounding.
template <std::floating_point T>
T divergence(T q, T p) {
  const T d = p - q;
  if (std::abs(d) <= std::max(T(2), std::abs(q) / 2)) {
    static const auto rule = gauss_legendre<T>(20, 0, 1);
    T sum = 0;
    for (std::size_t k = 0; k < rule.node.size(); ++k) {
      const T b = q + rule.node[k] * d;
      // d^2 L'(b) as d (d L'(b)), or by 1/b where L' underflows
      const T scaled = std::abs(b) < T(1e3) ? d * (d * variance(b)) : (d / b) * (d / b);
      sum += rule.weight[k] * (1 - rule.node[k]) * scaled;
    }
    return sum;
  }
  // phi(b) = |b| - g(|b|) and, with q >= 0, L(q) = 1 - m; then |q| cancels by hand:
  // KL = (|p| - p) + g(q) - g(|p|) - (q - p) m.
  if (q < 0) return divergence(-q, -p);
  const T a = std::abs(p);
  const auto correction = [](T b) { return std::log1p(-std::exp(-2 * b)); };
  const auto g = [&](T b) { return b < series::below ? b - log_normaliser(b) : std::log(b) - correction(b); };
  const bool far = q >= series::below && a >= series::below;
  const T change = far ? std::log(q / a) + correction(a) - correction(q) : g(q) - g(a);
  const T scaled =
      q < series::below ? (q - p) * (1 - mean(q)) : (1 - p / q) - (1 - p / q) * (q / (std::expm1(2 * q) / 2));
  return (a - p) + change - scaled;
}

// P(state <= s).
template <std::floating_point T>
T distribution(T s, T b) {
  if (b < 0) return 1 - distribution(-s, -b);
  if (b == 0) return (1 + s) / 2;
  return std::exp(b * (s - 1)) * std::expm1(-b * (1 + s)) / std::expm1(-2 * b);
}

// The state at which the distribution function is u in (0, 1): increasing in u, sample(-b, u) =
// -sample(b, 1 - u), in [-1, 1] whatever the rounding. Absolute error a few units in the last place of 1.
//   small b:  ln(cosh b + t sinh b) / b,  t = 2u - 1;   large:  1 + ln(u + (1 - u) e^{-2b}) / b  for b > 0
template <std::floating_point T>
T sample(T b, T u) {
  const T a = std::abs(b), v = b < 0 ? 1 - u : u;
  T s = 2 * v - 1;
  if (a > 0 && a < 1) {
    const T half = std::sinh(a / 2);
    s = std::log1p(2 * half * half + s * std::sinh(a)) / a;
  } else if (a > 0) {
    s = 1 + std::log(v + (1 - v) * std::exp(-2 * a)) / a;
  }
  s = std::clamp(s, T(-1), T(1));
  return b < 0 ? -s : s;
}

}  // namespace freefall::by_hand::continuous_bernoulli

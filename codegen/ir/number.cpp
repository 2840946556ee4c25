#include "codegen/ir/number.hpp"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace freefall::ir {
namespace {

__extension__ typedef __int128 wide;
constexpr wide kLargest = std::numeric_limits<std::int64_t>::max();
bool fits(wide v) { return v <= kLargest && v >= -kLargest; }

wide gcd(wide a, wide b) {
  if (a < 0) a = -a;
  while (b != 0) {
    const wide r = a % b;
    a = b;
    b = r;
  }
  return a;
}

// The rational n/d, or the nearest double when it no longer fits.
Number reduce(wide n, wide d) {
  if (d < 0) {
    n = -n;
    d = -d;
  }
  const wide g = gcd(n, d);
  if (g > 1) {
    n /= g;
    d /= g;
  }
  if (fits(n) && fits(d)) return Number::ratio(static_cast<std::int64_t>(n), static_cast<std::int64_t>(d));
  return Number(static_cast<double>(static_cast<long double>(n) / static_cast<long double>(d)));
}

}  // namespace

// A number written with few decimals means those decimals: 0.1 is one tenth, and 1 - 0.9 is too.
Number::Number(double real) {
  constexpr int kDecimals = 9;
  double scaled = real;
  std::int64_t denominator = 1;
  for (int i = 0; i <= kDecimals && std::fabs(scaled) < 1e15; ++i) {
    const double nearest = std::nearbyint(scaled);
    if (nearest / static_cast<double>(denominator) == real) {
      *this = ratio(static_cast<std::int64_t>(nearest), denominator);
      return;
    }
    denominator *= 10;
    scaled = real * static_cast<double>(denominator);
  }
  exact_ = false;
  real_ = real;
}

Number Number::ratio(std::int64_t numerator, std::int64_t denominator) {
  if (denominator == 0) throw std::domain_error("rational with a zero denominator");
  const std::int64_t g = std::gcd(numerator, denominator) * (denominator < 0 ? -1 : 1);
  Number out;
  out.numerator_ = numerator / g;
  out.denominator_ = denominator / g;
  return out;
}

double Number::to_double() const {
  return exact_ ? static_cast<double>(numerator_) / static_cast<double>(denominator_) : real_;
}

long double Number::to_long_double() const {
  return exact_ ? static_cast<long double>(numerator_) / static_cast<long double>(denominator_)
                : static_cast<long double>(real_);
}

std::string Number::str() const {
  if (!exact_) return fmt::format("{}", real_);
  if (denominator_ == 1) return fmt::format("{}", numerator_);
  std::int64_t rest = denominator_;
  for (const std::int64_t prime : {2, 5}) {
    while (rest % prime == 0) rest /= prime;
  }
  const bool decimal = denominator_ > 9 && rest == 1 && Number(to_double()) == *this;
  return decimal ? fmt::format("{}", to_double()) : fmt::format("{}/{}", numerator_, denominator_);
}

Number operator+(const Number& a, const Number& b) {
  if (!a.exact_ || !b.exact_) return Number(a.to_double() + b.to_double());
  return reduce(wide(a.numerator_) * b.denominator_ + wide(b.numerator_) * a.denominator_,
                wide(a.denominator_) * b.denominator_);
}

Number operator*(const Number& a, const Number& b) {
  if (a.is_zero() || b.is_zero()) return Number(0);
  if (!a.exact_ || !b.exact_) return Number(a.to_double() * b.to_double());
  return reduce(wide(a.numerator_) * b.numerator_, wide(a.denominator_) * b.denominator_);
}

Number power(const Number& a, std::int64_t exponent) {
  if (exponent < 0) {
    if (a.is_zero()) throw std::domain_error("zero to a negative power");
    if (!a.exact_) return Number(std::pow(a.real_, static_cast<double>(exponent)));
    return power(Number::ratio(a.denominator_, a.numerator_), -exponent);
  }
  Number out(1), base = a;
  for (std::int64_t e = exponent; e > 0; e /= 2) {
    if (e % 2 == 1) out = out * base;
    base = base * base;
  }
  return out;
}

std::strong_ordering compare(const Number& a, const Number& b) {
  if (a.exact_ && b.exact_) {
    const wide left = wide(a.numerator_) * b.denominator_, right = wide(b.numerator_) * a.denominator_;
    return left < right   ? std::strong_ordering::less
           : left > right ? std::strong_ordering::greater
                          : std::strong_ordering::equal;
  }
  const auto by_value = std::strong_order(a.to_double(), b.to_double());
  return by_value != 0 ? by_value : b.exact_ <=> a.exact_;
}

std::uint64_t Number::hash() const {
  const std::uint64_t bits = exact_ ? static_cast<std::uint64_t>(numerator_) * 0x9e3779b97f4a7c15ULL ^
                                          static_cast<std::uint64_t>(denominator_)
                                    : std::bit_cast<std::uint64_t>(real_) ^ 0x5bf03635ULL;
  return bits * 0xff51afd7ed558ccdULL;
}

}  // namespace freefall::ir

#pragma once
// Numbers of the IR: exact rationals, and doubles only where the user wrote one or where a rational would
// overflow.

#include <compare>
#include <cstdint>
#include <string>

namespace freefall::ir {

class Number {
 public:
  constexpr Number() = default;
  constexpr Number(int integer) : numerator_(integer) {}
  constexpr Number(std::int64_t integer) : numerator_(integer) {}
  /// Exact when the double is the nearest one to a number of at most 9 decimals, as written by a person;
  /// otherwise the double itself.
  Number(double real);
  /// numerator / denominator in lowest terms. Throws std::domain_error for a zero denominator.
  static Number ratio(std::int64_t numerator, std::int64_t denominator);

  bool is_exact() const { return exact_; }
  bool is_integer() const { return exact_ && denominator_ == 1; }
  bool is_zero() const { return exact_ ? numerator_ == 0 : real_ == 0.0; }
  bool is_one() const { return exact_ && numerator_ == 1 && denominator_ == 1; }
  bool is_negative() const { return exact_ ? numerator_ < 0 : real_ < 0.0; }
  std::int64_t numerator() const { return numerator_; }
  std::int64_t denominator() const { return denominator_; }
  double to_double() const;
  long double to_long_double() const;

  /// Shortest text that reads back as the same number: "3", "1/2", "0.1".
  std::string str() const;

  friend Number operator+(const Number& a, const Number& b);
  friend Number operator*(const Number& a, const Number& b);
  friend Number operator-(const Number& a) { return a * Number(-1); }
  friend Number operator-(const Number& a, const Number& b) { return a + (-b); }
  /// a^exponent for integer exponents; throws std::domain_error for 0 to a negative power.
  friend Number power(const Number& a, std::int64_t exponent);
  friend bool operator==(const Number& a, const Number& b) = default;
  /// A total order by value, exact before inexact where values tie. Not numeric equality.
  friend std::strong_ordering compare(const Number& a, const Number& b);
  std::uint64_t hash() const;

 private:
  std::int64_t numerator_ = 0, denominator_ = 1;
  double real_ = 0.0;
  bool exact_ = true;
};

}  // namespace freefall::ir

#pragma once
// The prime field of 2^61 - 1 elements, in which polynomial identities are tested.

#include <cstdint>

#include "codegen/ir/number.hpp"

namespace freefall::equality {

class Field {
 public:
  static constexpr std::uint64_t kPrime = (std::uint64_t{1} << 61) - 1;

  constexpr Field() = default;
  explicit constexpr Field(std::uint64_t value) : value_(value % kPrime) {}
  /// The number exactly: a rational as a quotient, a double as the dyadic rational it is.
  static Field of(const ir::Number& number);

  std::uint64_t value() const { return value_; }
  bool is_zero() const { return value_ == 0; }
  /// Throws std::domain_error for zero.
  Field inverse() const;
  Field power(std::int64_t exponent) const;

  friend Field operator+(Field a, Field b) { return Field(a.value_ + b.value_); }
  friend Field operator-(Field a, Field b) { return Field(a.value_ + kPrime - b.value_); }
  friend Field operator*(Field a, Field b);
  friend bool operator==(Field a, Field b) = default;

 private:
  std::uint64_t value_ = 0;
};

}  // namespace freefall::equality

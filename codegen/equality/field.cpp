#include "codegen/equality/field.hpp"

#include <cmath>
#include <stdexcept>

namespace freefall::equality {

Field operator*(Field a, Field b) {
  __extension__ using wide = unsigned __int128;
  const wide product = static_cast<wide>(a.value_) * b.value_;
  return Field((static_cast<std::uint64_t>(product) & Field::kPrime) +
               static_cast<std::uint64_t>(product >> 61));
}

Field Field::inverse() const {
  if (is_zero()) throw std::domain_error("division by zero in the field");
  return power(static_cast<std::int64_t>(kPrime - 2));
}

Field Field::power(std::int64_t exponent) const {
  if (exponent < 0) return inverse().power(-exponent);
  Field out(1), base = *this;
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) out = out * base;
    base = base * base;
  }
  return out;
}

Field Field::of(const ir::Number& number) {
  const auto integer = [](std::int64_t v) {
    return v >= 0 ? Field(static_cast<std::uint64_t>(v)) : Field(0) - Field(static_cast<std::uint64_t>(-v));
  };
  if (number.is_exact()) return integer(number.numerator()) * integer(number.denominator()).inverse();
  int exponent = 0;
  const double mantissa = std::frexp(number.to_double(), &exponent);
  const auto whole = static_cast<std::int64_t>(std::ldexp(mantissa, 53));
  return integer(whole) * Field(2).power(exponent - 53);
}

}  // namespace freefall::equality

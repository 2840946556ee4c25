// Reduction of an angle modulo pi / 2, without a branch, so that loops over it vectorise.
//
// float, of any size: x = M 2^s with a 24-bit integer M, so x 2/pi modulo 4 = M (2^s 2/pi modulo 4) modulo 4:
// of 2/pi only the 82 bits from the one with weight 2 on matter (Payne and Hanek 1983). They are tabulated
// per exponent as two doubles, the first short enough for its product with M to be exact.
//
// double, below 2^48: n = x 2/pi rounded, and x - n pi / 2 with pi / 2 in three parts (Cody and Waite 1980),
// of which the difference with the first is exact (Boldo, Daumas and Li 2009). Beyond, where two neighbours
// are 1/16 or more apart, x stands for the whole turn next to it, which is within pi 2^-48 of x, relatively
// (from 2^55 on, within half a unit in the last place): sine 0, cosine 1. Its own digits would take four
// words of 2/pi out of twenty-three, and five times as long for every angle.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <numbers>

#include "freefall/runtime/multiply_add.hpp"
#include "freefall/runtime/simd.hpp"

namespace freefall::runtime {
inline namespace FREEFALL_INSTRUCTION_SET {
namespace math::detail {

inline constexpr std::int32_t reduction_first =
    126;  // biased exponent of 0.5: below pi / 4 nothing is to be reduced

struct two_over_pi_table {
  std::array<double, 130> high{}, low{};  // the last entry, for infinity and NaN, stays zero

  constexpr two_over_pi_table() {
    constexpr std::array<std::uint32_t, 7> fraction = {0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0,
                                                       0xdb629599, 0x3c439041, 0xfe5163ab};  // of 2/pi
    const auto bit = [&](int i) {  // with weight 2^-i
      return i < 1 ? 0U : fraction[static_cast<std::size_t>(i - 1) / 32] >> (31 - (i - 1) % 32) & 1U;
    };
    for (std::size_t entry = 0; entry + 1 < high.size(); ++entry) {
      const int s = static_cast<int>(entry) + static_cast<int>(reduction_first) - 150;
      const int from = (s > 0 ? s : 0) - 1;
      double weight = 2.0;
      for (int i = s; i < 0; ++i) weight /= 2;
      for (int i = from; i < from + 82; ++i, weight /= 2)
        (i < from + 29 ? high : low)[entry] += bit(i) * weight;
    }
  }
};
inline constexpr two_over_pi_table two_over_pi;

struct reduced_angle {
  float rest;              // in [-pi / 4, pi / 4] up to rounding
  std::uint32_t quadrant;  // modulo 4
};

// magnitude >= 0; infinity and NaN give a finite value of no meaning.
[[gnu::always_inline]] inline reduced_angle reduce_angle(float magnitude) {
  const auto bits = std::bit_cast<std::uint32_t>(magnitude);
  const auto exponent = static_cast<std::int32_t>(bits >> 23);
  const auto entry = static_cast<std::size_t>(exponent > reduction_first ? exponent - reduction_first : 0);
  const auto mantissa = static_cast<double>(static_cast<std::int32_t>((bits & 0x7f'ffffU) | 0x80'0000U));
  const double turns = mantissa * two_over_pi.high[entry];  // exact, in quarter turns
  const double more = mantissa * two_over_pi.low[entry];    // below 1/8
  const double shifted = (turns + more) + 0x1.8p52;         // rounds to whole quarters, left in the low bits
  const double rest = (turns - (shifted - 0x1.8p52)) + more;
  const auto reduced = static_cast<float>(rest * (std::numbers::pi / 2));
  const bool small = magnitude < 0.5F;
  const std::uint32_t mask = 0U - static_cast<std::uint32_t>(small);
  return {std::bit_cast<float>((bits & mask) | (std::bit_cast<std::uint32_t>(reduced) & ~mask)),
          static_cast<std::uint32_t>(std::bit_cast<std::uint64_t>(shifted)) & ~mask};
}

inline constexpr double whole_turns_from = 0x1p48;

struct reduced_double {
  double rest, low;        // their sum is the angle, in [-pi / 4, pi / 4] up to rounding
  std::uint64_t quadrant;  // modulo 4
};

// magnitude >= 0; NaN for infinity and NaN.
[[gnu::always_inline]] inline reduced_double reduce_angle(double magnitude) {
  constexpr double first = 0x1.921fb54442d18p+0, second = 0x1.1a62633145c07p-54,
                   third = -0x1.f1976b7ed8fbcp-110, round = 0x1.8p52;
  const double nothing = magnitude - magnitude;  // of infinity, NaN
  const double x = magnitude < whole_turns_from ? magnitude : nothing;
  const double shifted = multiply_add(x, 2 / std::numbers::pi, round);  // rounds, n is left in the low bits
  const double n = shifted - round;
  const double high = less_product(x, n, first);
  const exact_product less(n, second);
  const double rest = high - less.value;
  return {rest, multiply_add(-n, third, ((high - rest) - less.value) - less.rest),
          std::bit_cast<std::uint64_t>(shifted)};
}

}  // namespace math::detail
}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime

// Counter-based random numbers: uniform ones (uniform_stream.hpp), normal ones and permutations.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "freefall/runtime/uniform_stream.hpp"

namespace freefall::runtime {

/// The number of the stream of a name.
[[nodiscard]] constexpr std::uint64_t stream_id(std::string_view name) {
  return hash_of_name(name.data(), name.size());
}

// A stream of its own for each index of a name, such as the epoch of a shuffle: the hash goes on over the
// eight bytes of the index, lowest first.
[[nodiscard]] constexpr std::uint64_t stream_id(std::string_view name, std::uint64_t index) {
  std::uint64_t hash = stream_id(name);
  for (int byte = 0; byte < 8; ++byte, index >>= 8) hash = (hash ^ (index & 0xffU)) * 0x0000'0100'0000'01b3U;
  return hash;
}

// uniform, normal and word share the same random bits at the same counter: use one stream per purpose, not
// one stream for two.
class stream : public uniform_stream {
 public:
  /// By number.
  constexpr stream(std::uint64_t seed, std::uint64_t id) : uniform_stream(seed, id) {}
  /// By name: streams of different names are independent.
  constexpr stream(std::uint64_t seed, std::string_view name) : stream(seed, stream_id(name)) {}

  // The standard normal draws 2 * pair and 2 * pair + 1, by Box and Muller (1958): with the two uniform draws
  // u, v of the same counters, sqrt(-2 ln u) cos(2 pi v) and sqrt(-2 ln u) sin(2 pi v). Computed in double
  // for every T; the float draw is the double draw rounded. No draw exceeds 8.6 in size. Bits may differ
  // between two C libraries by the last place of their logarithm and sine.
  template <std::floating_point T = double>
  [[nodiscard]] std::array<T, 2> normal_pair(std::uint64_t pair) const {
    const std::array<std::uint64_t, 2> bits = words(pair);
    const double radius = std::sqrt(-2.0 * std::log(unit<double>(bits[0])));
    const double angle = 2.0 * std::numbers::pi * unit<double>(bits[1]);
    return {static_cast<T>(radius * std::cos(angle)), static_cast<T>(radius * std::sin(angle))};
  }

  // One standard normal draw; a run of them costs half as much by normal_pair or fill_normal.
  template <std::floating_point T = double>
  [[nodiscard]] T normal(std::uint64_t counter) const {
    return normal_pair<T>(counter / 2)[counter % 2];
  }

  // out[i] = normal<T>(first + i).
  template <std::floating_point T>
  void fill_normal(std::span<T> out, std::uint64_t first = 0) const {
    for (std::size_t i = 0; i < out.size();) {
      const std::array<T, 2> draws = normal_pair<T>((first + i) / 2);
      for (std::size_t half = (first + i) % 2; half < 2 && i < out.size(); ++half) out[i++] = draws[half];
    }
  }

  // A uniformly random order of 0 .. n - 1: Fisher and Yates from the top (Durstenfeld 1964), i = n - 1 .. 1
  // swapped with j in 0 .. i. j takes the words 0, 1, 2, ... of the stream in turn, keeps the low bits that i
  // needs, and rejects values above i: no bias, no rounding, under two words per element on average.
  [[nodiscard]] std::vector<std::size_t> permutation(std::size_t n) const {
    std::vector<std::size_t> order(n);
    for (std::size_t i = 0; i < n; ++i) order[i] = i;
    std::uint64_t counter = 0;
    for (std::size_t i = n; i-- > 1;) {
      const std::uint64_t mask = ~std::uint64_t{0} >> std::countl_zero(std::uint64_t{i});
      std::uint64_t j = 0;
      do j = word(counter++) & mask;
      while (j > i);
      std::swap(order[i], order[j]);
    }
    return order;
  }
};

}  // namespace freefall::runtime

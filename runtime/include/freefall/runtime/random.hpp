// Counter-based random numbers: a draw is a pure function of (seed, stream, counter).
//
// Nothing is stored between draws, so a result depends neither on the number of threads, nor on the vector
// width, nor on the order in which elements are visited. The generator is Philox4x32-10 (Salmon, Moraes, Dror
// and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"), taken from Random123.
#pragma once

#include <Random123/philox.h>

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

namespace freefall::runtime {

// 64-bit FNV-1a hash of a name (Fowler, Noll and Vo; draft-eastlake-fnv), the same on every machine and for
// ever.
[[nodiscard]] constexpr std::uint64_t stream_id(std::string_view name) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x0000'0100'0000'01b3U;
  return hash;
}

// A stream of its own for each index of a name, such as the epoch of a shuffle: the hash goes on over the
// eight bytes of the index, lowest first.
[[nodiscard]] constexpr std::uint64_t stream_id(std::string_view name, std::uint64_t index) {
  std::uint64_t hash = stream_id(name);
  for (int byte = 0; byte < 8; ++byte, index >>= 8) hash = (hash ^ (index & 0xffU)) * 0x0000'0100'0000'01b3U;
  return hash;
}

// Draws number 0, 1, 2, ... of one stream. uniform, normal and word share the same random bits at the same
// counter: use one stream per purpose, not one stream for two. Copyable, 16 bytes, no state; safe to use from
// many threads.
class stream {
 public:
  /// By number.
  constexpr stream(std::uint64_t seed, std::uint64_t id) : seed_(seed), id_(id) {}
  /// By name: streams of different names are independent.
  constexpr stream(std::uint64_t seed, std::string_view name) : stream(seed, stream_id(name)) {}

  // Philox block `index`: key = seed, counter = (index, id), each 64-bit number as two words with the low one
  // first.
  [[nodiscard]] std::array<std::uint32_t, 4> block(std::uint64_t index) const {
    const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
    const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
    const r123::Philox4x32::ctr_type counter = {{low(index), high(index), low(id_), high(id_)}};
    const r123::Philox4x32::key_type key = {{low(seed_), high(seed_)}};
    const auto bits = r123::Philox4x32{}(counter, key);
    return {bits[0], bits[1], bits[2], bits[3]};
  }

  // 64 random bits. Counters 2k and 2k + 1 are the halves of block k, the first word of each half being the
  // low one.
  [[nodiscard]] std::uint64_t word(std::uint64_t counter) const { return words(counter / 2)[counter % 2]; }

  // A number in the open interval (0, 1): the middle of the cell the word falls into, of 2^52 cells for
  // double and of 2^23 for float. The float draw is the middle of the float cell that holds the double draw
  // of the same counter, so the two differ by less than 2^-24; both are exact, without rounding.
  template <std::floating_point T = double>
  [[nodiscard]] T uniform(std::uint64_t counter) const {
    return unit<T>(word(counter));
  }

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

  // out[i] = uniform<T>(first + i).
  template <std::floating_point T>
  void fill_uniform(std::span<T> out, std::uint64_t first = 0) const {
    for (std::size_t i = 0; i < out.size();) {
      const std::array<std::uint64_t, 2> bits = words((first + i) / 2);
      for (std::size_t half = (first + i) % 2; half < 2 && i < out.size(); ++half)
        out[i++] = unit<T>(bits[half]);
    }
  }

  // A random scan of n = out.size() elements: out[i] = floor(n uniform(first + i)), so each visit goes to any
  // of them. Positions are held as numbers of type T and do not depend on it; n is at most 2^24 for float.
  template <std::floating_point T>
  void fill_positions(std::span<T> out, std::uint64_t first = 0) const {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<T>(position(first + i, out.size()));
  }

  // A random order of 0 .. n - 1 from exactly n draws: element i goes to the place floor((i + 1)
  // uniform(first
  // + i)) and what stood there goes to place i (Durstenfeld 1964, inside out). Each order has the probability
  // 1 / n! to within n^2 2^-52.
  template <std::floating_point T>
  void fill_permutation(std::span<T> out, std::uint64_t first = 0) const {
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::size_t place = position(first + i, i + 1);
      out[i] = out[place];
      out[place] = static_cast<T>(i);
    }
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

 private:
  // floor(n u): below n, since the largest draw is 1 - 2^-53 and its product with n rounds below n.
  [[nodiscard]] std::size_t position(std::uint64_t counter, std::size_t n) const {
    return static_cast<std::size_t>(static_cast<double>(n) * uniform<double>(counter));
  }

  [[nodiscard]] std::array<std::uint64_t, 2> words(std::uint64_t pair) const {
    const std::array<std::uint32_t, 4> b = block(pair);
    return {b[0] | std::uint64_t{b[1]} << 32, b[2] | std::uint64_t{b[3]} << 32};
  }

  // (k + 1/2) / cells, k the top bits of the word: half a cell away from 0 and 1, and exactly representable.
  template <std::floating_point T>
  [[nodiscard]] static T unit(std::uint64_t bits) {
    static_assert(std::same_as<T, float> || std::same_as<T, double>);
    if constexpr (std::same_as<T, float>)
      return (static_cast<float>(bits >> 41) + 0.5F) * 0x1p-23F;
    else
      return (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52;
  }

  std::uint64_t seed_, id_;
};

}  // namespace freefall::runtime

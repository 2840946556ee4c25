// Counter-based uniform random numbers: a draw is a pure function of (seed, stream, counter). This is what
// kernels draw by; it needs no library. random.hpp has normal numbers too.
//
// Nothing is stored between draws, so a result depends neither on the number of threads, nor on the vector
// width, nor on the order in which elements are visited.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace freefall::runtime {

// Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", section
// 3.3): ten rounds of two products each, the key raised by Weyl constants between them.
[[nodiscard]] constexpr std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                                            std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xd251'1f53U} * counter[0];
    const std::uint64_t b = std::uint64_t{0xcd9e'8d57U} * counter[2];
    const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
    const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
    counter = {high(b) ^ counter[1] ^ key[0], low(b), high(a) ^ counter[3] ^ key[1], low(a)};
    key = {key[0] + 0x9e37'79b9U, key[1] + 0xbb67'ae85U};
  }
  return counter;
}

// 64-bit FNV-1a hash of a name (Fowler, Noll and Vo; draft-eastlake-fnv), the same on every machine and for
// ever.
[[nodiscard]] constexpr std::uint64_t hash_of_name(const char* name, std::size_t length) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325U;
  for (std::size_t i = 0; i < length; ++i)
    hash = (hash ^ static_cast<unsigned char>(name[i])) * 0x0000'0100'0000'01b3U;
  return hash;
}

// Draws number 0, 1, 2, ... of one stream. uniform and word share the same random bits at the same counter:
// use one stream per purpose, not one stream for two. Copyable, 16 bytes, no state; safe to use from many
// threads.
class uniform_stream {
 public:
  /// By number.
  constexpr uniform_stream(std::uint64_t seed, std::uint64_t id) : seed_(seed), id_(id) {}
  /// By name: streams of different names are independent.
  template <std::size_t Size>
  constexpr uniform_stream(std::uint64_t seed, const char (&name)[Size])
      : uniform_stream(seed, hash_of_name(name, Size - 1)) {}

  // Philox block `index`: key = seed, counter = (index, id), each 64-bit number as two words with the low one
  // first.
  [[nodiscard]] constexpr std::array<std::uint32_t, 4> block(std::uint64_t index) const {
    const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
    const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
    return philox({low(index), high(index), low(id_), high(id_)}, {low(seed_), high(seed_)});
  }

  // 64 random bits. Counters 2k and 2k + 1 are the halves of block k, the first word of each half being the
  // low one.
  [[nodiscard]] constexpr std::uint64_t word(std::uint64_t counter) const {
    return words(counter / 2)[counter % 2];
  }

  // A number in the open interval (0, 1): the middle of the cell the word falls into, of 2^52 cells for
  // double and of 2^23 for float. The float draw is the middle of the float cell that holds the double draw
  // of the same counter, so the two differ by less than 2^-24; both are exact, without rounding.
  template <std::floating_point T = double>
  [[nodiscard]] constexpr T uniform(std::uint64_t counter) const {
    return unit<T>(word(counter));
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

 protected:
  /// The two 64-bit words of a block.
  [[nodiscard]] constexpr std::array<std::uint64_t, 2> words(std::uint64_t pair) const {
    const std::array<std::uint32_t, 4> b = block(pair);
    return {b[0] | std::uint64_t{b[1]} << 32, b[2] | std::uint64_t{b[3]} << 32};
  }

  // (k + 1/2) / cells, k the top bits of the word: half a cell away from 0 and 1, and exactly representable.
  // For double by way of 1 + k / cells, whose bits hold k: a small processor cannot convert 64 bits.
  template <std::floating_point T>
  [[nodiscard]] static constexpr T unit(std::uint64_t bits) {
    static_assert(std::same_as<T, float> || std::same_as<T, double>);
    if constexpr (std::same_as<T, float>)
      return (static_cast<float>(static_cast<std::uint32_t>(bits >> 41)) + 0.5F) * 0x1p-23F;
    else
      return std::bit_cast<double>(0x3ff0'0000'0000'0000U | bits >> 12) - (1 - 0x1p-53);
  }

 private:
  // floor(n u): below n, since the largest draw is 1 - 2^-53 and its product with n rounds below n.
  [[nodiscard]] constexpr std::size_t position(std::uint64_t counter, std::size_t n) const {
    return static_cast<std::size_t>(static_cast<double>(n) * uniform<double>(counter));
  }

  std::uint64_t seed_, id_;
};

}  // namespace freefall::runtime

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

#include "freefall/runtime/philox.hpp"

namespace freefall::runtime {

// 64-bit FNV-1a hash of a name (Fowler, Noll and Vo; draft-eastlake-fnv), the same on every machine and for
// ever.
[[nodiscard]] constexpr std::uint64_t hash_of_name(const char* name, std::size_t length) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325U;
  for (std::size_t i = 0; i < length; ++i)
    hash = (hash ^ static_cast<unsigned char>(name[i])) * 0x0000'0100'0000'01b3U;
  return hash;
}

namespace uniform_detail {

// (k + 1/2) / cells, k the top bits of the word: half a cell away from 0 and 1, and exactly representable.
// For double by way of 1 + k / cells, whose bits hold k: a small processor cannot convert 64 bits.
template <std::floating_point T>
[[nodiscard]] constexpr T unit(std::uint64_t bits) {
  static_assert(std::same_as<T, float> || std::same_as<T, double>);
  if constexpr (std::same_as<T, float>)
    return (static_cast<float>(static_cast<std::uint32_t>(bits >> 41)) + 0.5F) * 0x1p-23F;
  else
    return std::bit_cast<double>(0x3ff0'0000'0000'0000U | bits >> 12) - (1 - 0x1p-53);
}

[[nodiscard]] constexpr std::array<std::uint32_t, 4> block(std::uint64_t seed, std::uint64_t id,
                                                           std::uint64_t index) {
  const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
  const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
  return philox({low(index), high(index), low(id), high(id)}, {low(seed), high(seed)});
}

// Its two 64-bit words.
[[nodiscard]] constexpr std::array<std::uint64_t, 2> words(const std::array<std::uint32_t, 4>& b) {
  return {b[0] | std::uint64_t{b[1]} << 32, b[2] | std::uint64_t{b[3]} << 32};
}

inline namespace FREEFALL_INSTRUCTION_SET {

#ifdef FREEFALL_PHILOX_BYTES

// The draws of the blocks whose words are given, in order: unit() in the lanes.
template <class S>
[[gnu::always_inline]] inline void draws_of(const philox_lanes::words (&b)[4], typename S::vector* out) {
  const auto join = [](philox_lanes::words low, philox_lanes::words high)
                        __attribute__((always_inline)) { return (low & 0xffff'ffffU) | high << 32; };
  if constexpr (sizeof(typename S::integer) == 4) {
    // The upper word of each half of a block alone.
    typedef std::uint32_t halves __attribute__((vector_size(FREEFALL_PHILOX_BYTES)));
    const auto k = (typename S::mask)((halves)join(b[1], b[3]) >> 9);
    out[0] = (__builtin_convertvector(k, typename S::vector) + 0.5F) * 0x1p-23F;
  } else {
    using vector = typename S::vector;
    const auto draws = [&](std::size_t half) __attribute__((always_inline)) {
      const auto bits = join(b[2 * half], b[2 * half + 1]);
      return (vector)(0x3ff0'0000'0000'0000U | bits >> 12) - (1 - 0x1p-53);
    };
    const vector first = draws(0), second = draws(1);
    out[0] = S::interleave_low(first, second);
    out[1] = S::interleave_high(first, second);
  }
}

// `count` elements, fewer than 2 * half, by copies of known sizes.
template <std::size_t half, class T>
[[gnu::always_inline]] inline void copy_part(const T* from, T* to, std::size_t count) {
  if constexpr (half > 0) {
    if ((count & half) != 0) __builtin_memcpy(to, from, half * sizeof(T));
    copy_part<half / 2>(from + (count & half), to + (count & half), count);
  }
}

#endif

template <std::floating_point T>
[[gnu::always_inline]] inline void fill_by_block(std::uint64_t seed, std::uint64_t id, T* out, std::size_t n,
                                                 std::uint64_t first) {
  for (std::size_t i = 0; i < n;) {
    const std::array<std::uint64_t, 2> bits = words(block(seed, id, (first + i) / 2));
    for (std::size_t half = (first + i) % 2; half < 2 && i < n; ++half) out[i++] = unit<T>(bits[half]);
  }
}

// out[i] = draw number first + i of the stream, for i < n; of the `room` elements from there on, n or more,
// the others may get any number.
template <std::floating_point T>
void fill(std::uint64_t seed, std::uint64_t id, T* out, std::size_t n, std::uint64_t first,
          [[maybe_unused]] std::size_t room) {
#ifdef FREEFALL_PHILOX_BYTES
  using S = simd<T, FREEFALL_PHILOX_BYTES>;
  constexpr std::size_t width = 2 * philox_lanes::lanes;
  constexpr std::size_t few = 3;  // that take longer in lanes: 30 ns where a block takes 14 (EPYC 9004)
  if (n <= few) return fill_by_block(seed, id, out, n, first);
  const philox_lanes stream(seed, id);
  std::size_t skipped = first % 2;
  std::uint64_t block = first / 2;
  const auto take = [&](auto abreast) __attribute__((always_inline)) {
    constexpr std::size_t vectors = abreast, all = vectors * width, registers = all / S::lanes;
    philox_lanes::words b[vectors][4];
    stream.blocks(block, b);
    typename S::vector draws[registers + 1] = {};
    FREEFALL_UNROLLED
    for (std::size_t v = 0; v < vectors; ++v) draws_of<S>(b[v], draws + v * (width / S::lanes));
    if (skipped != 0) {
      FREEFALL_UNROLLED
      for (std::size_t v = 0; v < registers; ++v) draws[v] = S::shift_down(draws[v], draws[v + 1]);
    }
    const std::size_t done = least(all - skipped, n);
    if (all <= room) {
      FREEFALL_UNROLLED
      for (std::size_t v = 0; v < registers; ++v) S::store(out + v * S::lanes, draws[v]);
    } else {
      alignas(FREEFALL_PHILOX_BYTES) T part[all];
      FREEFALL_UNROLLED
      for (std::size_t v = 0; v < registers; ++v) S::store(part + v * S::lanes, draws[v]);
      copy_part<all / 2>(part, out, done);
    }
    block += vectors * philox_lanes::lanes;
    out += done;
    n -= done;
    room -= done;
    skipped = 0;
  };
  while (skipped + n > width) take(std::integral_constant<std::size_t, 2>{});
  if (n > 0) take(std::integral_constant<std::size_t, 1>{});
#else
  fill_by_block(seed, id, out, n, first);
#endif
}

// Calls use(i, u) for each i < n with u = draw number first + i in double.
template <class Use>
[[gnu::always_inline]] inline void for_each_draw(std::uint64_t seed, std::uint64_t id, std::size_t n,
                                                 std::uint64_t first, const Use& use) {
  constexpr std::size_t most = 64;
  double draws[most];
  for (std::size_t i = 0; i < n; i += most) {
    const std::size_t count = least(most, n - i);
    fill(seed, id, draws, count, first + i, most);
    for (std::size_t j = 0; j < count; ++j) use(i + j, draws[j]);
  }
}

}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace uniform_detail

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
    return uniform_detail::block(seed_, id_, index);
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

  // out[i] = uniform<T>(first + i). This and what follows is computed many draws at a time.
  template <std::floating_point T>
  [[gnu::always_inline]] void fill_uniform(std::span<T> out, std::uint64_t first = 0) const {
    uniform_detail::fill(seed_, id_, out.data(), out.size(), first, out.size());
  }
  // The same, quicker where out ends within a vector: what follows it, up to a whole number of 64 bytes from
  // its beginning on, must be there and may get any number.
  template <std::floating_point T>
  [[gnu::always_inline]] void fill_uniform_and_rest(std::span<T> out, std::uint64_t first = 0) const {
    constexpr std::size_t vector = 64 / sizeof(T);
    uniform_detail::fill(seed_, id_, out.data(), out.size(), first,
                         (out.size() + vector - 1) / vector * vector);
  }

  // A random scan of n = out.size() elements: out[i] = floor(n uniform(first + i)), so each visit goes to any
  // of them. Positions are held as numbers of type T and do not depend on it; n is at most 2^24 for float.
  template <std::floating_point T>
  [[gnu::always_inline]] void fill_positions(std::span<T> out, std::uint64_t first = 0) const {
    uniform_detail::for_each_draw(seed_, id_, out.size(), first, [&](std::size_t i, double u) {
      out[i] = static_cast<T>(position(u, out.size()));
    });
  }

  // A random order of 0 .. n - 1 from exactly n draws: element i goes to the place floor((i + 1)
  // uniform(first + i)) and what stood there goes to place i (Durstenfeld 1964, inside out). Each order has
  // the probability 1 / n! to within n^2 2^-52.
  template <std::floating_point T>
  [[gnu::always_inline]] void fill_permutation(std::span<T> out, std::uint64_t first = 0) const {
    uniform_detail::for_each_draw(seed_, id_, out.size(), first, [&](std::size_t i, double u) {
      const std::size_t place = position(u, i + 1);
      out[i] = out[place];
      out[place] = static_cast<T>(i);
    });
  }

 protected:
  /// The two 64-bit words of a block.
  [[nodiscard]] constexpr std::array<std::uint64_t, 2> words(std::uint64_t pair) const {
    return uniform_detail::words(block(pair));
  }

  /// The number in (0, 1) that a word stands for.
  template <std::floating_point T>
  [[nodiscard]] static constexpr T unit(std::uint64_t bits) {
    return uniform_detail::unit<T>(bits);
  }

 private:
  // floor(n u): below n, since the largest draw is 1 - 2^-53 and its product with n rounds below n.
  [[nodiscard]] static constexpr std::size_t position(double u, std::size_t n) {
    return static_cast<std::size_t>(static_cast<double>(n) * u);
  }

  std::uint64_t seed_, id_;
};

}  // namespace freefall::runtime

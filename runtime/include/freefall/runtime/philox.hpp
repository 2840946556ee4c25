// Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", section
// 3.3): ten rounds of two products each, the key raised by Weyl constants between them. One block at a time,
// and many at once in the lanes of a vector: the same bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "freefall/runtime/simd.hpp"

// A register of 64-bit lanes with products of their low halves: 64 bytes with AVX-512, 32 with AVX2, 16 with
// SSE2 and NEON. Elsewhere blocks are computed one at a time.
#if defined(__AVX__) && !defined(__AVX2__)
#define FREEFALL_PHILOX_BYTES 16
#elif defined(__SSE2__) || (defined(__aarch64__) && defined(__ARM_NEON) && !defined(__AARCH64EB__))
#define FREEFALL_PHILOX_BYTES FREEFALL_VECTOR_BYTES
#endif
#if defined(__aarch64__) && defined(FREEFALL_PHILOX_BYTES)
#include <arm_neon.h>
#endif

namespace freefall::runtime {

namespace philox_detail {
inline constexpr std::uint32_t multipliers[2] = {0xd251'1f53U, 0xcd9e'8d57U};
inline constexpr std::uint32_t raised_by[2] = {0x9e37'79b9U, 0xbb67'ae85U};
}  // namespace philox_detail

/// One block.
[[nodiscard]] constexpr std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                                            std::array<std::uint32_t, 2> key) {
  using namespace philox_detail;
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{multipliers[0]} * counter[0];
    const std::uint64_t b = std::uint64_t{multipliers[1]} * counter[2];
    const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
    const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
    counter = {high(b) ^ counter[1] ^ key[0], low(b), high(a) ^ counter[3] ^ key[1], low(a)};
    key = {key[0] + raised_by[0], key[1] + raised_by[1]};
  }
  return counter;
}

#ifdef FREEFALL_PHILOX_BYTES
inline namespace FREEFALL_INSTRUCTION_SET {

// Blocks of one key, counter words 2 and 3: `lanes` of them at a time, each word in the low half of a lane.
class philox_lanes {
 public:
  typedef std::uint64_t words __attribute__((vector_size(FREEFALL_PHILOX_BYTES)));
  static constexpr std::size_t lanes = sizeof(words) / sizeof(std::uint64_t);

  [[gnu::always_inline]] philox_lanes(std::uint64_t key, std::uint64_t upper_counter)
      : key_(key), upper_counter_(upper_counter) {}

  // Blocks index, index + 1, ... by the lower half of the counter. Word w of each stands in the low half of
  // the lanes of out[.][w]; above it stands anything. Several vectors of them go side by side: in each, what
  // a round does waits for the round before.
  template <std::size_t vectors>
  [[gnu::always_inline]] void blocks(std::uint64_t index, words (&out)[vectors][4]) const {
    using namespace philox_detail;
#pragma GCC unroll 4
    for (std::size_t v = 0; v < vectors; ++v) {
      const words number = index + v * lanes + lane_numbers(std::make_index_sequence<lanes>{});
      out[v][0] = number;
      out[v][1] = number >> 32;
      out[v][2] = words{} + upper_counter_;
      out[v][3] = words{} + (upper_counter_ >> 32);
    }
    std::uint64_t key[2] = {key_, key_ >> 32};
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
#pragma GCC unroll 4
      for (words(&c)[4] : out) {
        const words a = products(c[0], multipliers[0]), b = products(c[2], multipliers[1]);
        c[0] = (b >> 32) ^ c[1] ^ (words{} + key[0]);
        c[2] = (a >> 32) ^ c[3] ^ (words{} + key[1]);
        c[1] = b;
        c[3] = a;
      }
      key[0] += raised_by[0];
      key[1] += raised_by[1];
    }
  }

 private:
  template <std::size_t... l>
  [[gnu::always_inline]] static words lane_numbers(std::index_sequence<l...>) {
    return words{l...};
  }

  // Of the low halves of the lanes. g++ 12 makes three products and more of the expression at the end.
  [[gnu::always_inline]] static words products(words a, std::uint32_t factor) {
    [[maybe_unused]] const words b = words{} + factor;
#if defined(__aarch64__)
    return (words)vmull_n_u32(vmovn_u64((uint64x2_t)a), factor);
#elif defined(__clang__)
    return (a & 0xffff'ffffU) * b;
#else
    typedef int halves __attribute__((vector_size(sizeof(words))));
#if FREEFALL_PHILOX_BYTES == 64
    typedef long long signed_words __attribute__((vector_size(sizeof(words))));
    return (words)__builtin_ia32_pmuludq512_mask((halves)a, (halves)b, signed_words{}, 0xff);
#elif FREEFALL_PHILOX_BYTES == 32
    return (words)__builtin_ia32_pmuludq256((halves)a, (halves)b);
#else
    return (words)__builtin_ia32_pmuludq128((halves)a, (halves)b);
#endif
#endif
  }

  std::uint64_t key_, upper_counter_;
};

}  // namespace FREEFALL_INSTRUCTION_SET
#endif

}  // namespace freefall::runtime

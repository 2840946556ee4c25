// One vector register of the instruction set this translation unit is compiled for, through the vector
// extensions of GCC and clang: no intrinsics, so the same source serves every instruction set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "freefall/runtime/instruction_set.hpp"

// Before a loop whose passes touch no common element. g++ would unroll a short one into scalar code before
// its vectoriser sees it, and what follows would wait for the pieces of each vector.
#ifdef __clang__
#define FREEFALL_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define FREEFALL_INDEPENDENT _Pragma("GCC ivdep") _Pragma("GCC unroll 1")
#endif

// Before a loop that g++ is not to write out.
#ifdef __clang__
#define FREEFALL_ROLLED
#else
#define FREEFALL_ROLLED _Pragma("GCC unroll 1")
#endif

// Before a loop of a few short passes, to be written out.
#ifdef __clang__
#define FREEFALL_UNROLLED _Pragma("clang loop unroll(full)")
#else
#define FREEFALL_UNROLLED _Pragma("GCC unroll 16")
#endif

// Before a loop over vectors each of which is a long chain of operations, so that the chains of four go side
// by side: a processor does not look far enough ahead to see the next. g++ writes the copies one behind the
// other and mixes them only in functions that are scheduled before registers are given.
#ifdef __clang__
#define FREEFALL_ABREAST _Pragma("clang loop unroll_count(4)")
#define FREEFALL_MIXED
#else
#define FREEFALL_ABREAST _Pragma("GCC unroll 4")
#define FREEFALL_MIXED [[gnu::optimize("schedule-insns", "sched-pressure")]]
#endif

// Before a loop that adds up: FREEFALL_SIMD(reduction(+ : sum_)). In lanes, in an order that depends on the
// instruction set alone, where the compiler is told -fopenmp-simd and FREEFALL_OPENMP_SIMD says so; else in
// order.
#if defined(FREEFALL_OPENMP_SIMD) || defined(_OPENMP)
#define FREEFALL_PRAGMA(...) _Pragma(#__VA_ARGS__)
#define FREEFALL_SIMD(...) FREEFALL_PRAGMA(omp simd __VA_ARGS__)
#else
#define FREEFALL_SIMD(...)
#endif

// Before a function so short that its call would take as long.
#define FREEFALL_INLINE [[gnu::always_inline]] inline
// Before a part of a kernel that stays a function of its own, so that what goes past it needs neither
// registers nor memory for it; before one that is hardly ever called.
#define FREEFALL_APART [[gnu::noinline]]
#define FREEFALL_RARE [[gnu::noinline, gnu::cold]]
// Behind the parameters of a lambda that is called element by element.
#define FREEFALL_INLINED __attribute__((always_inline))

namespace freefall::runtime {

inline namespace FREEFALL_INSTRUCTION_SET {

// std::min stands in a header that a freestanding library need not have.
constexpr std::size_t least(std::size_t a, std::size_t b) { return b < a ? b : a; }

// A whole register, or a part of one for arrays shorter than that: Bytes is a power of two.
template <class T, std::size_t Bytes = FREEFALL_VECTOR_BYTES>
struct simd {
  static constexpr std::size_t bytes = Bytes;
  static constexpr std::size_t lanes = bytes / sizeof(T);
  using integer = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  typedef T vector __attribute__((vector_size(bytes)));
  typedef integer mask __attribute__((vector_size(bytes)));  // all bits of a lane, or none

  [[gnu::always_inline]] static vector load(const T* p) {  // any alignment
    vector v;
    __builtin_memcpy(&v, p, bytes);
    return v;
  }
  // A load that stays a single load: g++ 12 otherwise repeats it as a memory operand of every use, which
  // doubles the cache traffic of kernels that use a vector several times.
  [[gnu::always_inline]] static vector load_once(const T* p) { return in_register(load(p)); }
  [[gnu::always_inline]] static void store(T* p, vector v) { __builtin_memcpy(p, &v, bytes); }
  [[gnu::always_inline]] static vector broadcast(T x) { return x - vector{}; }

  // p[0] and p[1] in all lanes, by one load, for numbers of which two have the size of a double.
  struct two {
    vector first, second;
  };
  [[gnu::always_inline]] static two broadcast_two(const T* p) {
    using pairs = simd<double, bytes>;
    typename pairs::integer bits;
    static_assert(sizeof bits == 2 * sizeof(T));
    __builtin_memcpy(&bits, p, sizeof bits);
    const vector both = in_register((vector)(typename pairs::mask{} + bits));
    constexpr std::make_index_sequence<lanes> all;
    return {of_pairs<0>(both, all), of_pairs<1>(both, all)};
  }

  // Lanes first, first + 1, ..., lanes - 1.
  [[gnu::always_inline]] static mask lanes_from(std::size_t first) {
    return number(std::make_index_sequence<lanes>{}) >= mask{} + static_cast<integer>(first);
  }
  // v in the lanes of m and +0 in the others, whatever stands there (NaN included).
  [[gnu::always_inline]] static vector keep(vector v, mask m) { return (vector)((mask)v & m); }
  [[gnu::always_inline]] static vector select(mask m, vector yes, vector no) {
    return (vector)(((mask)yes & m) | ((mask)no & ~m));
  }

  // The first half of the lanes, and the second, a number where it is one lane; V is vector or mask.
  template <class V>
  [[gnu::always_inline]] static auto lower(V v) {
    return lanes_at<0>(v, std::make_index_sequence<lanes / 2>{});
  }
  template <class V>
  [[gnu::always_inline]] static auto upper(V v) {
    return lanes_at<lanes / 2>(v, std::make_index_sequence<lanes / 2>{});
  }

  // (a0, b0, a1, b1, ...) of the first halves, and of the second halves.
  [[gnu::always_inline]] static vector interleave_low(vector a, vector b) {
    return interleave<0>(a, b, std::make_index_sequence<lanes>{});
  }
  [[gnu::always_inline]] static vector interleave_high(vector a, vector b) {
    return interleave<lanes / 2>(a, b, std::make_index_sequence<lanes>{});
  }

  // (a1, a2, ..., b0).
  [[gnu::always_inline]] static vector shift_down(vector a, vector b) {
    return shift_down(a, b, std::make_index_sequence<lanes>{});
  }

  // v[i][j] <-> v[j][i], by log2(lanes) perfect shuffles.
  [[gnu::always_inline]] static void transpose(vector (&v)[lanes]) {
    for (std::size_t round = 1; round < lanes; round *= 2) {
      vector next[lanes];
#pragma GCC unroll 8
      for (std::size_t i = 0; i < lanes / 2; ++i) {
        next[2 * i] = interleave_low(v[i], v[i + lanes / 2]);
        next[2 * i + 1] = interleave_high(v[i], v[i + lanes / 2]);
      }
#pragma GCC unroll 16
      for (std::size_t i = 0; i < lanes; ++i) v[i] = next[i];
    }
  }

  // 0 if no lane of m is larger than `limit`: one test for all lanes where the processor has one, else by
  // halves.
  [[gnu::always_inline]] static unsigned above(mask m, integer limit) {
    [[maybe_unused]] const mask limits = mask{} + limit;
#if defined(__AVX512DQ__) && defined(__AVX512VL__)
    constexpr int larger = 6;
    if constexpr (sizeof(T) == 4) {
      if constexpr (bytes == 64) return __builtin_ia32_cmpd512_mask(m, limits, larger, 0xffff);
      if constexpr (bytes == 32) return __builtin_ia32_cmpd256_mask(m, limits, larger, 0xff);
      if constexpr (bytes == 16) return __builtin_ia32_cmpd128_mask(m, limits, larger, 0xff);
    } else {
      typedef long long eight __attribute__((vector_size(64)));
      typedef long long four __attribute__((vector_size(32)));
      typedef long long two __attribute__((vector_size(16)));
      if constexpr (bytes == 64) return __builtin_ia32_cmpq512_mask((eight)m, (eight)limits, larger, 0xff);
      if constexpr (bytes == 32) return __builtin_ia32_cmpq256_mask((four)m, (four)limits, larger, 0xff);
      if constexpr (bytes == 16) return __builtin_ia32_cmpq128_mask((two)m, (two)limits, larger, 0xff);
    }
#elif defined(__SSE2__)
#ifdef __AVX2__
    typedef float eight __attribute__((vector_size(32)));
    typedef double four __attribute__((vector_size(32)));
    if constexpr (bytes == 32 && sizeof(T) == 4)
      return static_cast<unsigned>(__builtin_ia32_movmskps256((eight)(m > limits)));
    if constexpr (bytes == 32 && sizeof(T) == 8)
      return static_cast<unsigned>(__builtin_ia32_movmskpd256((four)(m > limits)));
#endif
    typedef float singles __attribute__((vector_size(16)));
    typedef double doubles __attribute__((vector_size(16)));
    if constexpr (bytes == 16 && sizeof(T) == 4)
      return static_cast<unsigned>(__builtin_ia32_movmskps((singles)(m > limits)));
    if constexpr (bytes == 16 && sizeof(T) == 8)
      return static_cast<unsigned>(__builtin_ia32_movmskpd((doubles)(m > limits)));
#endif
    if constexpr (lanes == 2) {
      return static_cast<unsigned>(m[0] > limit) | static_cast<unsigned>(m[1] > limit);
    } else {
      const auto low = lower(m), high = upper(m);
      return simd<T, bytes / 2>::above(low > high ? low : high, limit);
    }
  }
  // That all lanes are 0 is known while the kernel is compiled.
  [[gnu::always_inline]] static bool is_known_zero(mask m) {
    return is_known_zero(m, std::make_index_sequence<lanes>{});
  }

  // All bits of one lane.
  [[gnu::always_inline]] static mask lane(std::size_t which) {
    return number(std::make_index_sequence<lanes>{}) == mask{} + static_cast<integer>(which);
  }
  // out[i] is the sum over the lanes of v[i]; a fixed binary tree. count: a power of two, at most lanes.
  template <std::size_t count>
  [[gnu::always_inline]] static void sum_each(vector (&v)[count], T* out) {
    across<count>(fold<count / 2>(v), out);  // lane j belongs to v[j % count]
  }

 private:
  [[gnu::always_inline]] static vector in_register(vector v) {
    if constexpr (bytes >= 16) {  // clang has no such register for less
#if defined(__AVX512F__)
      asm("" : "+v"(v));
#elif defined(__SSE2__)
      asm("" : "+x"(v));
#endif
    }
    return v;
  }
  // (a0, a0, a2, a2, ...), or (a1, a1, a3, a3, ...).
  template <std::size_t which, std::size_t... i>
  [[gnu::always_inline]] static vector of_pairs(vector a, std::index_sequence<i...>) {
    return __builtin_shufflevector(a, a, (i / 2 * 2 + which)...);
  }
  template <std::size_t... i>
  [[gnu::always_inline]] static bool is_known_zero(mask m, std::index_sequence<i...>) {
    return (... && (__builtin_constant_p(m[i]) && m[i] == 0));
  }
  template <class U, std::size_t B>
  friend struct simd;

  // out[i] is the sum of the lanes i, i + count, ...
  template <std::size_t count>
  [[gnu::always_inline]] static void across(vector v, T* out) {
    if constexpr (count == lanes) {
      store(out, v);
    } else if constexpr (lanes == 2) {
      out[0] = v[0] + v[1];
    } else {
      simd<T, bytes / 2>::template across<count>(lower(v) + upper(v), out);
    }
  }
  template <std::size_t first, class V, std::size_t... i>
  [[gnu::always_inline]] static auto lanes_at(V v, std::index_sequence<i...>) {
    if constexpr (sizeof...(i) == 1) {
      return v[first];
    } else {
      return __builtin_shufflevector(v, v, (first + i)...);
    }
  }
  template <std::size_t... i>
  [[gnu::always_inline]] static mask number(std::index_sequence<i...>) {
    return mask{static_cast<integer>(i)...};
  }
  template <std::size_t first, std::size_t... i>
  [[gnu::always_inline]] static vector interleave(vector a, vector b, std::index_sequence<i...>) {
    return __builtin_shufflevector(a, b, (first + i / 2 + (i % 2) * lanes)...);
  }
  template <std::size_t... i>
  [[gnu::always_inline]] static vector shift_down(vector a, vector b, std::index_sequence<i...>) {
    return __builtin_shufflevector(a, b, (i + 1)...);
  }
  template <std::size_t half, std::size_t count>
  [[gnu::always_inline]] static vector fold(vector (&v)[count]) {
    if constexpr (half == 0) {
      return v[0];
    } else {
#pragma GCC unroll 8
      for (std::size_t i = 0; i < half; ++i)
        v[i] = interleave_low(v[i], v[i + half]) + interleave_high(v[i], v[i + half]);
      return fold<half / 2>(v);
    }
  }
};

// The widest vector with no more lanes than `elements`, which is at least 2.
template <class T, std::size_t elements, std::size_t Bytes = FREEFALL_VECTOR_BYTES>
[[gnu::always_inline]] constexpr auto simd_within() {
  if constexpr (Bytes / sizeof(T) <= elements) {
    return simd<T, Bytes>{};
  } else {
    return simd_within<T, elements, Bytes / 2>();
  }
}

}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime

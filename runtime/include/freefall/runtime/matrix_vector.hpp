// A matrix times a vector, both of known size and strides: straight-line code for small models that take one
// copy at a time.
//
// Rows that are contiguous are multiplied lane by lane and added up at the end, a group of rows at a time;
// columns that are contiguous are scaled by one element each and added, over up to four sets of accumulators
// that hide the latency of the FMA. Short ones take part of a vector. The order of summation depends on sizes
// and strides alone.
#pragma once

#include <bit>
#include <cstddef>
#include <type_traits>

#include "freefall/runtime/simd.hpp"

namespace freefall::runtime {
inline namespace FREEFALL_INSTRUCTION_SET {
namespace vector_detail {

// y[i] = sum_p a[i * row + p] x[p] for a power of two of rows, at most the lanes; k is at least one vector.
template <class S, std::size_t rows, std::size_t k, std::ptrdiff_t row, class T>
[[gnu::always_inline]] inline void dots(const T* a, const T* x, T* y) {
  typename S::vector sum[rows] = {};
  const auto add = [&](std::size_t p, auto keep) __attribute__((always_inline)) {
    const typename S::vector line = keep(S::load(x + p));
#pragma GCC unroll 16
    for (std::size_t i = 0; i < rows; ++i)
      sum[i] += keep(S::load(a + static_cast<std::ptrdiff_t>(i) * row + p)) * line;
  };
  for (std::size_t p = 0; p + S::lanes <= k; p += S::lanes) add(p, [](auto v) { return v; });
  if constexpr (k % S::lanes !=
                0) {  // the last vector overlaps the one before: what was added is masked away
    const typename S::mask fresh = S::lanes_from(S::lanes - k % S::lanes);
    add(k - S::lanes, [&](auto v) { return S::keep(v, fresh); });
  }
  S::sum_each(sum, y);
}

template <class S, std::size_t m, std::size_t k, std::ptrdiff_t row, std::size_t group, class T, class Finish>
[[gnu::always_inline]] inline void dot_rows(std::size_t first, const T* a, const T* x, const Finish& finish) {
  if constexpr (group > 0 && m > 0) {
    constexpr std::size_t whole = m / group * group;
    for (std::size_t i = 0; i < whole; i += group) {
      alignas(S::bytes) T sum[group];
      dots<S, group, k, row>(a + static_cast<std::ptrdiff_t>(i) * row, x, sum);
      finish(first + i, sum, std::integral_constant<std::size_t, group>{});
    }
    dot_rows<S, m - whole, k, row, group / 2>(first + whole, a + static_cast<std::ptrdiff_t>(whole) * row, x,
                                              finish);
  }
}

// y[i] = sum_p a[i + p * column] x[p * step] for a few vectors of rows.
template <class S, std::size_t vectors, std::size_t k, std::ptrdiff_t column, std::ptrdiff_t step, class T>
[[gnu::always_inline]] inline void scaled_columns(const T* a, const T* x, T* y) {
  constexpr std::size_t sets = least(k, least(4, 8 / std::bit_ceil(vectors)));
  typename S::vector sum[sets][vectors];
  const auto add = [&](std::size_t p, typename S::vector(&into)[vectors],
                       auto first) __attribute__((always_inline)) {
    const typename S::vector factor = S::broadcast(x[static_cast<std::ptrdiff_t>(p) * step]);
#pragma GCC unroll 8
    for (std::size_t v = 0; v < vectors; ++v) {
      const typename S::vector part =
          S::load(a + static_cast<std::ptrdiff_t>(p) * column + v * S::lanes) * factor;
      into[v] = first ? part : into[v] + part;
    }
  };
#pragma GCC unroll 4
  for (std::size_t s = 0; s < sets; ++s) add(s, sum[s], std::true_type{});
  for (std::size_t p = sets; p + sets <= k; p += sets) {
#pragma GCC unroll 4
    for (std::size_t s = 0; s < sets; ++s) add(p + s, sum[s], std::false_type{});
  }
#pragma GCC unroll 4
  for (std::size_t s = 0; s < k % sets; ++s) add(k - k % sets + s, sum[s], std::false_type{});
#pragma GCC unroll 8
  for (std::size_t v = 0; v < vectors; ++v) {
    typename S::vector total = sum[0][v];
    if constexpr (sets > 1) total += sum[1][v];
    if constexpr (sets == 3) total += sum[2][v];
    if constexpr (sets == 4) total += sum[2][v] + sum[3][v];
    // From another register on: g++ 12 else keeps a sum in memory from the first column on, where what
    // follows copies it in pieces.
    if constexpr (vectors > 4) total = S::load_once(reinterpret_cast<const T*>(&total));
    S::store(y + v * S::lanes, total);
  }
}

}  // namespace vector_detail

// y[i] = sum_p a[i * row + p * column] x[p * step] for i < m, p < k. Calls
//   finish(first, sum, count)   with sum[i - first] = y[i] for first <= i < first + count
// once for each element; `count` is a std::integral_constant. Nothing that finish writes may be part of the
// operands.
template <class T, std::size_t m, std::size_t k, std::ptrdiff_t row, std::ptrdiff_t column,
          std::ptrdiff_t step, class Finish>
[[gnu::always_inline]] inline void matrix_vector(const T* a, const T* x, const Finish& finish) {
  using namespace vector_detail;
  if constexpr (column == 1 && step == 1 && k >= 2) {
    using S = decltype(simd_within<T, k>());
    dot_rows<S, m, k, row, S::lanes>(0, a, x, finish);
  } else if constexpr (row == 1 && m >= 2) {
    using S = decltype(simd_within<T, m>());
    // Four lines of the first cache of each column at a time. Columns that are 4096 bytes or a multiple apart
    // share the sets of it: there eight vectors leave room for what is fetched ahead (Zen 4, 512 rows of
    // double: 37 us with four, 24 us with eight). Elsewhere, of matrices beyond the second cache, eight of 64
    // bytes take 2 to 5 % longer.
    constexpr bool share_sets = column * sizeof(T) % 4096 == 0;
    constexpr std::size_t lanes = S::lanes, most = share_sets ? 8 : least(8, 256 / S::bytes),
                          block = most * lanes, blocks = m / block * block, whole = m / lanes * lanes,
                          rest = (whole - blocks) / lanes;
    alignas(S::bytes) T sum[block];
    for (std::size_t i = 0; i < blocks; i += block) {
      scaled_columns<S, most, k, column, step>(a + i, x, sum);
      finish(i, sum, std::integral_constant<std::size_t, block>{});
    }
    if constexpr (rest > 0) {
      scaled_columns<S, rest, k, column, step>(a + blocks, x, sum);
      finish(blocks, sum, std::integral_constant<std::size_t, rest * lanes>{});
    }
    if constexpr (m != whole) {  // the last vector overlaps the one before
      scaled_columns<S, 1, k, column, step>(a + m - lanes, x, sum);
      finish(whole, sum + (lanes - (m - whole)), std::integral_constant<std::size_t, m - whole>{});
    }
  } else {
    for (std::size_t i = 0; i < m; ++i) {
      T sum = 0;
      for (std::size_t p = 0; p < k; ++p)
        sum += a[static_cast<std::ptrdiff_t>(i) * row + static_cast<std::ptrdiff_t>(p) * column] *
               x[static_cast<std::ptrdiff_t>(p) * step];
      finish(i, &sum, std::integral_constant<std::size_t, 1>{});
    }
  }
}

}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime

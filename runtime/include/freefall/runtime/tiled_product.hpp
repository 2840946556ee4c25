// A matrix product of known size, tile by tile, with work on each element while its sum is in the first
// cache.
//
// Sizes and strides are template arguments, so each product of a kernel gets its own micro-kernel
// (register_tile.hpp), which leaves the sums of a tile in a small buffer.
//
// The order of summation is k = 0, 1, 2, ... for every element, whatever the tile.
#pragma once

#include <cstddef>
#include <type_traits>

#include "freefall/runtime/register_tile.hpp"
#include "freefall/runtime/stored_rows.hpp"
#include "freefall/runtime/team.hpp"

namespace freefall::runtime {
inline namespace FREEFALL_INSTRUCTION_SET {
namespace tile_detail {

// Multiplications of vectors in a short tile, at most.
inline constexpr std::size_t most_of_short = 256;

}  // namespace tile_detail

// C[i, j] = sum_p A[i, p] B[p, j] for i < m, j < n, p < k; element [i, p] of A is a[i * a_row + p *
// a_column], [p, j] of B is b[p * b_row + j], and n is at least one vector. For every row of every tile calls
//   finish(i, first, sum, count)   with sum[j - first] = C[i, j] for first <= j < first + count
// once for each element; `count` is a std::integral_constant. Nothing that finish writes may be part of A or
// B. Only the tiles that share.owns(number) are computed (team.hpp). `light`: finish does little more than
// store.
template <class T, std::size_t m, std::size_t n, std::ptrdiff_t a_row, std::ptrdiff_t a_column,
          std::ptrdiff_t b_row, bool light = false, class Share, class Finish>
[[gnu::always_inline]] inline void tiled_product(const Share& share, std::size_t k, const T* a, const T* b,
                                                 const Finish& finish) {
  using namespace tile_detail;
  constexpr std::size_t lanes = simd<T>::lanes;
  static_assert(n >= lanes);
  constexpr std::size_t vectors_of_row = (n + lanes - 1) / lanes;
  constexpr partition columns(vectors_of_row, vectors_beside(m, vectors_of_row));
  constexpr std::size_t overlap = columns.parts == 0 ? 0 : (n + lanes - 1) / lanes * lanes - n;
  [[maybe_unused]] alignas(64) T buffer[accumulators * lanes];
  std::size_t number = 0;

  // All rows of `vectors` vectors from column `first` on; the last one starts `back` columns early.
  const auto rows_of = [&]<std::size_t vectors, std::size_t back>(
                           std::size_t first, std::integral_constant<std::size_t, vectors>,
                           std::integral_constant<std::size_t, back>) {
    constexpr partition tiles(m, accumulators / vectors);
    constexpr std::size_t whole = vectors * lanes;
    constexpr std::ptrdiff_t last = static_cast<std::ptrdiff_t>((vectors - 1) * lanes - back);
    const auto tile = [&]<std::size_t rows>(std::size_t i, std::integral_constant<std::size_t, rows>) {
      if (!share.owns(number++)) return;
      const T* const rows_a = a + static_cast<std::ptrdiff_t>(i) * a_row;
      const T* const columns_b = b + (vectors == 1 ? first - back : first);
      constexpr std::ptrdiff_t b_last = vectors == 1 ? 0 : last;
      const auto finish_row = [&](std::size_t r, const T* sum) __attribute__((always_inline)) {
        if constexpr (back == 0) {
          finish(i + r, first, sum, std::integral_constant<std::size_t, whole>{});
        } else {
          if constexpr (vectors > 1)
            finish(i + r, first, sum, std::integral_constant<std::size_t, whole - lanes>{});
          finish(i + r, first + whole - lanes, sum + whole - lanes + back,
                 std::integral_constant<std::size_t, lanes - back>{});
        }
      };
      const bool is_short = light && __builtin_constant_p(k) && k * rows * vectors <= most_of_short;
      // The sums, to where they are to stand.
      const auto add = [&]<class There, class Seen>(There, T* out,
                                                    Seen& seen) __attribute__((always_inline)) {
        if (is_short)
          add_up<T, rows, vectors, a_row, a_column, b_row, There, Seen>(k, rows_a, columns_b, b_last, out)
              .tell(seen);
        else
          accumulate<T, rows, vectors, a_row, a_column, b_row, There, Seen>(k, rows_a, columns_b, b_last, out)
              .tell(seen);
      };
      const auto store = [&]<class Stored>(const Stored& there) __attribute__((always_inline)) {
        add(place<Stored::row, b_last>{}, there.at(i) + first, there.seen);
      };
      if constexpr (is_stored<Finish> && (vectors > 1 || back == 0)) {
        store(finish);
      } else if (is_short) {
        alignas(64) T sum[rows * whole];
        add(in_buffer<T, vectors>{}, sum, not_looked_at);
#pragma GCC unroll 32
        for (std::size_t r = 0; r < rows; ++r) finish_row(r, sum + r * whole);
      } else {
        add(in_buffer<T, vectors>{}, buffer, not_looked_at);
#pragma GCC unroll 1
        for (std::size_t r = 0; r < rows; ++r) finish_row(r, buffer + r * whole);
      }
    };
    std::size_t i = 0;
    if constexpr (tiles.larger > 0) {
      for (; i < tiles.larger * (tiles.size + 1); i += tiles.size + 1)
        tile(i, std::integral_constant<std::size_t, tiles.size + 1>{});
    }
    for (; i < m; i += tiles.size) tile(i, std::integral_constant<std::size_t, tiles.size>{});
  };
  constexpr std::integral_constant<std::size_t, 0> whole;
  std::size_t panel = 0, first = 0;
  if constexpr (columns.larger > 0) {
    for (; panel < columns.larger; ++panel, first += (columns.size + 1) * lanes)
      rows_of(first, std::integral_constant<std::size_t, columns.size + 1>{}, whole);
  }
  for (; panel + 1 < columns.parts; ++panel, first += columns.size * lanes)
    rows_of(first, std::integral_constant<std::size_t, columns.size>{}, whole);
  rows_of(first, std::integral_constant<std::size_t, columns.size>{},
          std::integral_constant<std::size_t, overlap>{});
}

// All tiles.
template <class T, std::size_t m, std::size_t n, std::ptrdiff_t a_row, std::ptrdiff_t a_column,
          std::ptrdiff_t b_row, bool light = false, class Finish>
[[gnu::always_inline]] inline void tiled_product(std::size_t k, const T* a, const T* b,
                                                 const Finish& finish) {
  tiled_product<T, m, n, a_row, a_column, b_row, light>(team(), k, a, b, finish);
}

}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime

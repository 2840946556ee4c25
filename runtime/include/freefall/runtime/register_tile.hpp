// One tile of a matrix product: some rows by some vectors of sums, which fill the registers.
//
// One broadcast element of A against a few vectors of B for each step of the sum, in the order k = 0, 1, 2,
// ... for every element. A tile is computed out of line, so that its register allocation does not depend on
// what is done with the sums (measured with g++ 12: the same tile inlined beside a tanh spills and loses a
// quarter or more). A short one beside little work is written out where it is: 8 x 8 by 16 takes half the
// time.
#pragma once

#include <cstddef>

#include "freefall/runtime/simd.hpp"
#include "freefall/runtime/stored_rows.hpp"

namespace freefall::runtime {
inline namespace FREEFALL_INSTRUCTION_SET {
namespace tile_detail {

inline constexpr std::size_t most_vectors = register_tiles.vectors,
                             accumulators = register_tiles.accumulators;

// `total` in the fewest parts of at most `most`, of sizes that differ by at most one, the larger ones first.
struct partition {
  std::size_t parts, size, larger;  // `larger` parts have one more
  constexpr partition(std::size_t total, std::size_t most)
      : parts((total + most - 1) / most), size(total / parts), larger(total % parts) {}
};

// Vectors in a row of a tile, at most: few rows leave registers for one more, where that makes fewer tiles.
constexpr std::size_t vectors_beside(std::size_t rows, std::size_t vectors) {
  constexpr std::size_t registers = accumulators * 4 / 3, more = most_vectors + 1;
  const bool fits = rows * more + more + 1 < registers;
  const bool fewer = (vectors + more - 1) / more < (vectors + most_vectors - 1) / most_vectors;
  return fits && fewer ? more : most_vectors;
}

// Where the sums of a tile go: vector v of row i to out[i * row + v * lanes], the last of a row to
// out[i * row + last]. `goes_on`: they begin with what stands there.
template <std::ptrdiff_t row_, std::ptrdiff_t last_, bool goes_on_ = false>
struct place {
  static constexpr std::ptrdiff_t row = row_, last = last_;
  static constexpr bool goes_on = goes_on_;
};
// Vector after vector, row after row.
template <class T, std::size_t vectors, bool goes_on = false>
using in_buffer = place<static_cast<std::ptrdiff_t>(vectors* simd<T>::lanes),
                        static_cast<std::ptrdiff_t>((vectors - 1) * simd<T>::lanes), goes_on>;

// The sums of one tile, and what was seen of them. Of one sum alone in a loop g++ rounds the products on some
// processors, and a row is to have the same bits whichever rows stand beside it: such a sum is taken twice,
// though the compiler must not know it.
template <class T, std::size_t rows, std::size_t vectors, std::ptrdiff_t a_row, std::ptrdiff_t a_column,
          std::ptrdiff_t b_row, class Place, class Seen>
[[gnu::always_inline]] inline seen_here<simd<T>, Seen> add_up(std::size_t k, const T* __restrict a,
                                                              const T* __restrict b, std::ptrdiff_t b_last,
                                                              T* __restrict out) {
  using S = simd<T>;
  constexpr std::size_t sums = rows * vectors == 1 ? 2 : rows;
  const T* again = a;
  if constexpr (sums > rows) asm("" : "+r"(again));
  const auto at = [&](std::size_t i, std::size_t v) __attribute__((always_inline)) {
    return out + static_cast<std::ptrdiff_t>(i) * Place::row +
           (v + 1 < vectors ? static_cast<std::ptrdiff_t>(v * S::lanes) : Place::last);
  };
  // In a tile one vector wide each product takes a load, and the row of B one more, on processors that make
  // two of either at a time. There one row in so many loads the elements for two steps at once.
  constexpr bool has_pairs = vectors == 1 && a_column == 1 && sizeof(T) == 4 && register_tiles.pairs > 0 &&
                             rows > register_tiles.pairs;
  typename S::vector sum[sums][vectors] = {};
  if constexpr (Place::goes_on) {
#pragma GCC unroll 32
    for (std::size_t i = 0; i < sums; ++i) {
#pragma GCC unroll 8
      for (std::size_t v = 0; v < vectors; ++v) sum[i][v] = S::load(at(least(i, rows - 1), v));
    }
  }
  if constexpr (has_pairs) {
    constexpr std::size_t one_in = has_pairs ? register_tiles.pairs : 1;
#pragma GCC unroll 1
    for (; k > 1; k -= 2, a += 2, b += 2 * b_row) {
      const typename S::vector line[] = {S::load_once(b + b_last), S::load_once(b + b_row + b_last)};
      typename S::vector later[rows / one_in];
#pragma GCC unroll 32
      for (std::size_t i = 0; i < rows; ++i) {
        const T* const x = a + static_cast<std::ptrdiff_t>(i) * a_row;
        if (i % one_in + 1 == one_in) {
          const auto [now, next] = S::broadcast_two(x);
          sum[i][0] += now * line[0];
          later[i / one_in] = next;
        } else {
          sum[i][0] += S::broadcast(*x) * line[0];
        }
      }
#pragma GCC unroll 32
      for (std::size_t i = 0; i < rows; ++i) {
        const bool is_there = i % one_in + 1 == one_in;
        const T* const x = a + static_cast<std::ptrdiff_t>(i) * a_row;
        sum[i][0] += (is_there ? later[i / one_in] : S::broadcast(x[1])) * line[1];
      }
    }
  }
#pragma GCC unroll 1
  for (; k > 0; --k, a += a_column, again += a_column, b += b_row) {
    typename S::vector line[vectors];
#pragma GCC unroll 8
    for (std::size_t v = 0; v + 1 < vectors; ++v) line[v] = S::load_once(b + v * S::lanes);
    line[vectors - 1] = S::load_once(b + b_last);
#pragma GCC unroll 32
    for (std::size_t i = 0; i < sums; ++i) {
      const typename S::vector x =
          S::broadcast(i < rows ? a[static_cast<std::ptrdiff_t>(i) * a_row] : *again);
#pragma GCC unroll 8
      for (std::size_t v = 0; v < vectors; ++v) sum[i][v] += x * line[v];
    }
  }
#pragma GCC unroll 32
  for (std::size_t i = 0; i < rows; ++i) {
#pragma GCC unroll 8
    for (std::size_t v = 0; v < vectors; ++v) S::store(at(i, v), sum[i][v]);
  }
  seen_here<S, Seen> seen;
  seen.template add<rows * vectors>(
      [&](std::size_t n) __attribute__((always_inline)) { return sum[n / vectors][n % vectors]; });
  return seen;
}

template <class T, std::size_t rows, std::size_t vectors, std::ptrdiff_t a_row, std::ptrdiff_t a_column,
          std::ptrdiff_t b_row, class Place, class Seen>
[[gnu::noinline]] seen_here<simd<T>, Seen> accumulate(std::size_t k, const T* __restrict a,
                                                      const T* __restrict b, std::ptrdiff_t b_last,
                                                      T* __restrict out) {
  return add_up<T, rows, vectors, a_row, a_column, b_row, Place, Seen>(k, a, b, b_last, out);
}

}  // namespace tile_detail

}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime

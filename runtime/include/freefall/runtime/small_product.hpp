// Any number of rows times a small matrix of known size, in straight lines: the matrix is brought into
// vectors once, and each row is one chain of multiplications and additions for each vector of the result.
//
// The order of summation is k = 0, 1, 2, ... for every element, whichever rows are taken together.
#pragma once

#include <cstddef>
#include <type_traits>

#include "freefall/runtime/simd.hpp"
#include "freefall/runtime/stored_rows.hpp"

namespace freefall::runtime {
inline namespace FREEFALL_INSTRUCTION_SET {
namespace small_detail {

// The narrowest vector that holds n elements, or else a whole register.
template <class T, std::size_t n, std::size_t Bytes = FREEFALL_VECTOR_BYTES>
[[gnu::always_inline]] constexpr auto simd_around() {
  if constexpr (Bytes / sizeof(T) > 2 && Bytes / 2 / sizeof(T) >= n) {
    return simd_around<T, n, Bytes / 2>();
  } else {
    return simd<T, Bytes>{};
  }
}

// B in rows of whole vectors; lanes beyond its columns hold some element of it.
template <class S, std::size_t n, std::size_t k, std::ptrdiff_t b_row, std::ptrdiff_t b_column, class T>
[[gnu::noinline]] void bring(const T* b, T* out) {
  constexpr std::size_t lanes = S::lanes, vectors = (n + lanes - 1) / lanes, width = vectors * lanes;
  const auto column = [&](std::size_t j) {
    return b + static_cast<std::ptrdiff_t>(least(j, n - 1)) * b_column;
  };
  if constexpr (b_row == 1 && k >= lanes) {
    for (std::size_t first = 0; first < width; first += lanes) {
      for (std::size_t p = 0; p < k; p += lanes) {
        const std::size_t from = least(p, k - lanes);  // the last block overlaps the one before
        typename S::vector v[lanes];
#pragma GCC unroll 16
        for (std::size_t j = 0; j < lanes; ++j) v[j] = S::load(column(first + j) + from);
        S::transpose(v);
#pragma GCC unroll 16
        for (std::size_t j = 0; j < lanes; ++j) S::store(out + (from + j) * width + first, v[j]);
      }
    }
  } else {
    for (std::size_t p = 0; p < k; ++p) {
      for (std::size_t j = 0; j < width; ++j)
        out[p * width + j] = column(j)[static_cast<std::ptrdiff_t>(p) * b_row];
    }
  }
}

// A matrix of k rows of n elements, whole vectors of S, that leaves enough registers for sums.
template <class S, std::size_t n, std::size_t k>
inline constexpr bool stays_in_registers =
    n % S::lanes == 0 && k * (n / S::lanes) <= register_tiles.accumulators / 3;

// Some rows of A, of which row(r) is one, times B, of whose row p line(p, v) is vector v; vector v of row r
// goes to to(r) + v * lanes.
template <class S, std::size_t rows, std::size_t vectors, std::size_t k, std::ptrdiff_t a_column, class Row,
          class Line, class To, class Seen>
[[gnu::always_inline]] inline void multiply(const Row& row, const Line& line, const To& to,
                                            seen_here<S, Seen>& seen) {
  // From zero: of two products that are added, either could be the one that is not rounded.
  typename S::vector sum[rows][vectors] = {};
#pragma GCC unroll 8
  for (std::size_t p = 0; p < k; ++p) {
    typename S::vector now[vectors];
#pragma GCC unroll 8
    for (std::size_t v = 0; v < vectors; ++v) now[v] = line(p, v);
#pragma GCC unroll 16
    for (std::size_t r = 0; r < rows; ++r) {
      const typename S::vector x = S::broadcast(row(r)[static_cast<std::ptrdiff_t>(p) * a_column]);
#pragma GCC unroll 8
      for (std::size_t v = 0; v < vectors; ++v) sum[r][v] += x * now[v];
    }
  }
#pragma GCC unroll 16
  for (std::size_t r = 0; r < rows; ++r) {
#pragma GCC unroll 8
    for (std::size_t v = 0; v < vectors; ++v) S::store(to(r) + v * S::lanes, sum[r][v]);
  }
  seen.template add<rows * vectors>(
      [&](std::size_t n) __attribute__((always_inline)) { return sum[n / vectors][n % vectors]; });
}

// Rows i < m of A times B, whose k rows of `vectors` vectors lie b_row apart; row i of the result goes to
// out + i * out_row. Out of line: a kernel with many products of the same sizes has this once, which compiles
// in half the time.
template <class S, std::size_t vectors, std::size_t k, std::ptrdiff_t a_row, std::ptrdiff_t a_column,
          std::ptrdiff_t b_row, std::ptrdiff_t out_row, class Seen, class T>
[[gnu::noinline]] seen_here<S, Seen> multiply_all(std::size_t m, const T* a, const T* b, T* out) {
  // A small matrix stays in registers: a product with one vector in a row takes as long as its loads.
  constexpr bool holds = stays_in_registers<S, vectors * S::lanes, k>;
  constexpr std::size_t fits = register_tiles.accumulators / 3 / vectors, abreast = fits > 1 ? fits : 1;
  typename S::vector held[holds ? k : 1][vectors];
  const auto load = [&](std::size_t p, std::size_t v) __attribute__((always_inline)) {
    return b + static_cast<std::ptrdiff_t>(p) * b_row + v * S::lanes;
  };
  if constexpr (holds) {
#pragma GCC unroll 16
    for (std::size_t p = 0; p < k; ++p) {
#pragma GCC unroll 8
      for (std::size_t v = 0; v < vectors; ++v) held[p][v] = S::load_once(load(p, v));
    }
  }
  const auto line = [&](std::size_t p, std::size_t v) __attribute__((always_inline)) {
    if constexpr (holds) {
      return held[p][v];
    } else {
      return S::load(load(p, v));
    }
  };
  seen_here<S, Seen> seen;
  const auto from = [&](std::size_t i)
                        __attribute__((always_inline)) { return a + static_cast<std::ptrdiff_t>(i) * a_row; };
  const auto block = [&](std::size_t i) __attribute__((always_inline)) {
    const T* const first = from(i);
    T* const to = out + static_cast<std::ptrdiff_t>(i) * out_row;
    multiply<S, abreast, vectors, k, a_column>(
        [&](std::size_t r)
            __attribute__((always_inline)) { return first + static_cast<std::ptrdiff_t>(r) * a_row; },
        line,
        [&](std::size_t r)
            __attribute__((always_inline)) { return to + static_cast<std::ptrdiff_t>(r) * out_row; },
        seen);
  };
  std::size_t i = 0;
  for (; i + abreast <= m; i += abreast) block(i);
  // The rest in twos, the last one perhaps with the one before, a single row with itself, though the compiler
  // must not know it: where one sum stands alone in a loop, g++ rounds its products on some processors, and a
  // row is to have the same bits wherever it stands.
  if constexpr (abreast > 1) {
    for (; i < m; i += 2) {
      const std::size_t second = least(i + 1, m - 1), first = second > 0 ? second - 1 : 0;
      const T* rows[] = {from(first), from(second)};
      asm("" : "+r"(rows[1]));
      T* const to[] = {out + static_cast<std::ptrdiff_t>(first) * out_row,
                       out + static_cast<std::ptrdiff_t>(second) * out_row};
      multiply<S, 2, vectors, k, a_column>(
          [&](std::size_t r) __attribute__((always_inline)) { return rows[r]; }, line,
          [&](std::size_t r) __attribute__((always_inline)) { return to[r]; }, seen);
    }
  }
  return seen;
}

// The rows of a product by a matrix whose rows are whole vectors, to where they are to stand.
template <class S, std::size_t n, std::size_t k, std::ptrdiff_t a_row, std::ptrdiff_t a_column,
          std::ptrdiff_t b_row, class T, std::ptrdiff_t row, class Seen>
[[gnu::always_inline]] inline void store_rows(std::size_t m, const T* a, const T* b,
                                              const stored_rows<T, row, Seen>& to) {
  multiply_all<S, n / S::lanes, k, a_row, a_column, b_row, row, Seen>(m, a, b, to.c).tell(to.seen);
}

}  // namespace small_detail

// C[i, j] = sum_p A[i, p] B[p, j] for i < m, j < n, p < k; element [i, p] of A is a[i * a_row + p * a_column]
// and [p, j] of B is b[p * b_row + j * b_column]. For every row calls
//   finish(i, 0, sum, count)   with sum[j] = C[i, j] for j < n and count a std::integral_constant n.
// Nothing that finish writes may be part of A or B.
template <class T, std::size_t n, std::size_t k, std::ptrdiff_t a_row, std::ptrdiff_t a_column,
          std::ptrdiff_t b_row, std::ptrdiff_t b_column, class Finish>
[[gnu::always_inline]] inline void small_product(std::size_t m, const T* a, const T* b,
                                                 const Finish& finish) {
  using S = decltype(small_detail::simd_around<T, n>());
  constexpr std::size_t vectors = (n + S::lanes - 1) / S::lanes, width = vectors * S::lanes, block = 32;
  // B where it lies, if its rows are whole vectors, else a copy.
  constexpr bool copies = b_column != 1 || n != width;
  constexpr std::ptrdiff_t row = copies ? static_cast<std::ptrdiff_t>(width) : b_row;
  if (m == 0) return;
  [[maybe_unused]] alignas(FREEFALL_VECTOR_BYTES) T copy[copies ? k * width : 1];
  if constexpr (copies) {
    small_detail::bring<S, n, k, b_row, b_column>(b, copy);
    b = copy;
  }
  if constexpr (is_stored<Finish> && n == width) {
    small_detail::store_rows<S, n, k, a_row, a_column, row>(m, a, b, finish);
  } else {
    alignas(FREEFALL_VECTOR_BYTES) T sum[block * width];
    for (std::size_t i = 0; i < m; i += block) {
      const std::size_t rows = least(block, m - i);
      small_detail::multiply_all<S, vectors, k, a_row, a_column, row, static_cast<std::ptrdiff_t>(width),
                                 const unchecked>(rows, a + static_cast<std::ptrdiff_t>(i) * a_row, b, sum);
#pragma GCC unroll 1
      for (std::size_t r = 0; r < rows; ++r) {
        if constexpr (is_stored<Finish>)
          finish.template padded<S>(i + r, sum + r * width, std::integral_constant<std::size_t, n>{});
        else
          finish(i + r, 0, sum + r * width, std::integral_constant<std::size_t, n>{});
      }
    }
  }
}

}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime

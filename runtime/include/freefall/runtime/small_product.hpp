// Any number of rows times a small matrix of known size, in straight lines: the matrix is brought into
// vectors once, and each row is one chain of multiplications and additions for each vector of the result.
//
// The order of summation is k = 0, 1, 2, ... for every element, whichever rows are taken together.
#pragma once

#include <cstddef>
#include <type_traits>

#include "freefall/runtime/simd.hpp"

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

// Some rows of A, of which row(r) is one, times B; out[r * width + j] is element j of row r.
template <class S, std::size_t rows, std::size_t vectors, std::size_t k, std::ptrdiff_t a_column, class T,
          class Row>
[[gnu::always_inline]] inline void multiply(const Row& row, const T* held, T* out) {
  constexpr std::size_t width = vectors * S::lanes;
  // From zero: of two products that are added, either could be the one that is not rounded.
  typename S::vector sum[rows][vectors] = {};
#pragma GCC unroll 8
  for (std::size_t p = 0; p < k; ++p) {
    typename S::vector line[vectors];
#pragma GCC unroll 8
    for (std::size_t v = 0; v < vectors; ++v) line[v] = S::load(held + p * width + v * S::lanes);
#pragma GCC unroll 16
    for (std::size_t r = 0; r < rows; ++r) {
      const typename S::vector x = S::broadcast(row(r)[static_cast<std::ptrdiff_t>(p) * a_column]);
#pragma GCC unroll 8
      for (std::size_t v = 0; v < vectors; ++v) sum[r][v] += x * line[v];
    }
  }
#pragma GCC unroll 16
  for (std::size_t r = 0; r < rows; ++r) {
#pragma GCC unroll 8
    for (std::size_t v = 0; v < vectors; ++v) S::store(out + r * width + v * S::lanes, sum[r][v]);
  }
}

// Rows i < m of A times B, of k rows of `vectors` vectors; out[i * width + j] is element j of row i. Out of
// line: a kernel with many products of the same sizes has this once, which compiles in half the time.
template <class S, std::size_t vectors, std::size_t k, std::ptrdiff_t a_row, std::ptrdiff_t a_column, class T>
[[gnu::noinline]] void multiply_all(std::size_t m, const T* a, const T* held, T* out) {
  constexpr std::size_t width = vectors * S::lanes, fits = register_tiles.accumulators / 3 / vectors,
                        abreast = fits > 1 ? fits : 1;
  const auto start = [&](std::size_t i) __attribute__((always_inline)) {
    return a + static_cast<std::ptrdiff_t>(i) * a_row;
  };
  std::size_t i = 0;
  for (; i + abreast <= m; i += abreast) {
    const T* const first = start(i);
    multiply<S, abreast, vectors, k, a_column>(
        [&](std::size_t r) { return first + static_cast<std::ptrdiff_t>(r) * a_row; }, held, out + i * width);
  }
  // The rest in twos, the last one with itself, though the compiler must not know it: where one sum stands
  // alone in a loop, g++ rounds its products on some processors, and a row is to have the same bits wherever
  // it stands.
  if constexpr (abreast > 1) {
    for (; i < m; i += 2) {
      const T* rows[] = {start(i), start(least(i + 1, m - 1))};
      asm("" : "+r"(rows[1]));
      multiply<S, 2, vectors, k, a_column>([&](std::size_t r) { return rows[r]; }, held, out + i * width);
    }
  }
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
  if (m == 0) return;
  alignas(FREEFALL_VECTOR_BYTES) T held[k * width], sum[(block + 1) * width];  // and a row that is left over
  small_detail::bring<S, n, k, b_row, b_column>(b, held);
  for (std::size_t i = 0; i < m; i += block) {
    const std::size_t rows = least(block, m - i);
    small_detail::multiply_all<S, vectors, k, a_row, a_column>(
        rows, a + static_cast<std::ptrdiff_t>(i) * a_row, held, sum);
#pragma GCC unroll 1
    for (std::size_t r = 0; r < rows; ++r)
      finish(i + r, 0, sum + r * width, std::integral_constant<std::size_t, n>{});
  }
}

}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime

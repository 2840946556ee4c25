// Matrix product with arbitrary strides: C = alpha A B + beta C.
//
// One entry point covers NN, NT, TN, TT, outer products (k == 1), matrix times vector (n == 1), vector times
// matrix (m == 1) and dot products: element [i, p] of A is a[i * a_row + p * a_column], and so on. Strides
// are in elements and may be zero or negative for A and B. C must not overlap A, B or the scratch.
//
// How: C is turned so that its unit stride lies along the vector lanes, then one of three kernels runs:
//   panel  rows of B in vectors times broadcast elements of A, the accumulators of one tile in registers; B
//   is
//          copied, transposed by registers if need be, into the scratch where its rows are not contiguous.
//   dots   where both A's rows and B's columns are contiguous and there are few rows of A, lanes run along
//   the
//          sum and are added at the end of the tile: nothing is copied.
//   row    a single row of C: the sum is split over enough accumulators to hide the latency of the FMA.
// Nothing outside the three operands is read or written: the last vector of a row overlaps the one before.
//
// The order of summation depends on the sizes, the strides and the instruction set, never on addresses or
// values, so equal calls give equal bits. beta == 0 does not use C, so NaN there does no harm; alpha == 0
// still reads A and B. No heap, no static state: safe from any number of threads with a scratch each.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include "freefall/runtime/simd.hpp"

namespace freefall::runtime {

inline constexpr std::size_t gemm_panel_elements = 64;  // widest row of a packed panel, over all T
inline constexpr std::size_t gemm_dot_columns = 8;      // columns of B in a tile of dots, at most

// Parts of a sum, by the first cache of a core: what is read again for each row of C, the panel or the
// columns of a tile of dots, takes twice that cache, and is read from the second one at the speed of the
// multiplications. In float, 256 and 2048 numbers for 32 KB.
constexpr std::size_t gemm_depth_block(std::size_t first_cache) {
  return 2 * first_cache / (gemm_panel_elements * sizeof(float));
}
constexpr std::size_t gemm_dot_depth_block(std::size_t first_cache) {
  return 2 * first_cache / (gemm_dot_columns * sizeof(float));
}

// Elements of scratch gemm needs: the same for every scalar, layout and instruction set. Align it to 64
// bytes.
constexpr std::size_t gemm_scratch_elements(std::size_t /*m*/, std::size_t /*n*/, std::size_t k,
                                            std::size_t first_cache = first_cache_bytes) {
  return gemm_panel_elements * least(k, gemm_depth_block(first_cache));
}

inline namespace FREEFALL_INSTRUCTION_SET {
namespace gemm_detail {

template <class T>
struct matrix {
  T* data;
  std::ptrdiff_t row;
  std::ptrdiff_t column;
  T* at(std::size_t i, std::size_t j) const {
    return data + static_cast<std::ptrdiff_t>(i) * row + static_cast<std::ptrdiff_t>(j) * column;
  }
};

// c = alpha * x + beta * c, c unread where beta is 0.
template <class T>
struct update {
  T alpha;
  T beta;
  void operator()(T& c, T x) const { c = beta == T(0) ? alpha * x : alpha * x + beta * c; }
  void row(std::size_t n, const T* x, T* c, std::ptrdiff_t stride) const {
    if (stride == 1 && beta == T(0)) {
      for (std::size_t j = 0; j < n; ++j) c[j] = alpha * x[j];
    } else if (stride == 1) {
      for (std::size_t j = 0; j < n; ++j) c[j] = alpha * x[j] + beta * c[j];
    } else {
      for (std::size_t j = 0; j < n; ++j, c += stride) (*this)(*c, x[j]);
    }
  }
};

// rows x (vectors * lanes) of C. Vector v of a row starts at column v * lanes, the last one at b_last (in B)
// and c_last (in C); its first `overlap` lanes belong to the vector before and are left as they are.
template <class T>
struct tile_task {
  std::size_t k;
  matrix<const T> a;
  const T* b;
  std::ptrdiff_t b_row, b_last;
  T* c;
  std::ptrdiff_t c_row, c_last;
  std::size_t overlap;
  update<T> finish;
};

// Out of line, so that the register allocation of the tile does not depend on the caller.
template <class T, int rows, int vectors>
[[gnu::noinline]] void tile(const tile_task<T>& t) {
  using S = simd<T>;
  typename S::vector sum[rows][vectors] = {};
  {
    const T* a = t.a.data;
    const T* b = t.b;
    const std::ptrdiff_t a_row = t.a.row, a_column = t.a.column, b_row = t.b_row, b_last = t.b_last;
    for (std::size_t p = t.k; p > 0; --p, a += a_column, b += b_row) {
      typename S::vector line[vectors];
#pragma GCC unroll 8
      for (int v = 0; v < vectors - 1; ++v) line[v] = S::load(b + v * static_cast<int>(S::lanes));
      line[vectors - 1] = S::load(b + b_last);
      const T* four = a;
#pragma GCC unroll 16
      for (int i = 0; i < rows; ++i) {
        // The distances of twelve rows would take more registers than there are.
        if (rows > 8 && i > 0 && i % 4 == 0) {
          four += 4 * a_row;
          asm("" : "+r"(four));
        }
        const typename S::vector x = S::broadcast(rows > 8 ? four[i % 4 * a_row] : a[i * a_row]);
#pragma GCC unroll 8
        for (int v = 0; v < vectors; ++v) sum[i][v] += x * line[v];
      }
    }
  }
  const typename S::mask fresh = S::lanes_from(t.overlap);
  const typename S::vector alpha = S::broadcast(t.finish.alpha), beta = S::broadcast(t.finish.beta);
  const bool accumulate = t.finish.beta != T(0);
#pragma GCC unroll 16
  for (int i = 0; i < rows; ++i) {
    T* c = t.c + i * t.c_row;
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) {
      T* p = v == vectors - 1 ? c + t.c_last : c + v * static_cast<int>(S::lanes);
      typename S::vector x = alpha * sum[i][v];
      if (accumulate) x += beta * S::load(p);
      if (v == vectors - 1 && t.overlap > 0) x = S::select(fresh, x, S::load(p));
      S::store(p, x);
    }
  }
}

// All m rows of C in tiles of the given heights, tallest first.
template <class T, int vectors, int... heights>
void sweep_rows(std::size_t m, tile_task<T> t) {
  const auto step = [&]<int rows>(std::integral_constant<int, rows>) {
    for (; m >= rows; m -= rows, t.a.data += rows * t.a.row, t.c += rows * t.c_row) tile<T, rows, vectors>(t);
  };
  (step(std::integral_constant<int, heights>{}), ...);
}

inline constexpr std::size_t panel_vectors = register_tiles.panel_vectors;

template <class T>
void panel(std::size_t vectors, std::size_t m, const tile_task<T>& t) {
  if constexpr (panel_vectors == 4) {
    if (vectors == 4) return sweep_rows<T, 4, 6, 4, 2, 1>(m, t);
    if (vectors == 3) return sweep_rows<T, 3, 8, 4, 2, 1>(m, t);
    if (vectors == 2) return sweep_rows<T, 2, 12, 8, 4, 2, 1>(m, t);
  } else if (vectors == 2) {
    return sweep_rows<T, 2, 6, 4, 2, 1>(m, t);
  }
  return sweep_rows<T, 1, 8, 4, 2, 1>(m, t);
}

// One vector's columns of B as rows of `stride` elements from `out`. Lanes beyond the valid columns are never
// used; they repeat the last column or hold zero.
template <class T>
void pack(std::size_t k, std::size_t columns, matrix<const T> b, T* out, std::size_t stride) {
  using S = simd<T>;
  constexpr std::size_t lanes = S::lanes;
  if (b.row == 1 && k >= lanes) {
    for (std::size_t p = 0; p < k; p += lanes) {
      const std::size_t from = least(p, k - lanes);  // the last block overlaps the one before
      typename S::vector v[lanes];
#pragma GCC unroll 16
      for (std::size_t j = 0; j < lanes; ++j) v[j] = S::load(b.at(from, least(j, columns - 1)));
      S::transpose(v);
#pragma GCC unroll 16
      for (std::size_t j = 0; j < lanes; ++j) S::store(out + (from + j) * stride, v[j]);
    }
  } else if (columns == lanes && b.column == 1) {
    for (std::size_t p = 0; p < k; ++p) S::store(out + p * stride, S::load(b.at(p, 0)));
  } else {
    for (std::size_t p = 0; p < k; ++p) {
      S::store(out + p * stride, typename S::vector{});
      for (std::size_t j = 0; j < columns; ++j) out[p * stride + j] = *b.at(p, j);
    }
  }
}

// A tile through a buffer: for rows of C that are not contiguous or shorter than a vector.
template <class T>
void panel_buffered(std::size_t m, std::size_t columns, std::size_t overlap, std::size_t vectors,
                    const tile_task<T>& t, matrix<T> c) {
  constexpr std::size_t height = 24, width = panel_vectors * simd<T>::lanes;
  alignas(64) T buffer[height * width];
  const std::size_t last = (vectors - 1) * simd<T>::lanes;  // the last vector repeats `overlap` columns
  for (std::size_t i = 0; i < m; i += height) {
    const std::size_t rows = least(height, m - i);
    tile_task<T> part = t;
    part.a.data = t.a.at(i, 0);
    part.c = buffer;
    part.c_row = width;
    part.c_last = static_cast<std::ptrdiff_t>(last);
    part.overlap = 0;
    part.finish = {T(1), T(0)};
    panel(vectors, rows, part);
    for (std::size_t r = 0; r < rows; ++r) {
      t.finish.row(least(columns, last), buffer + r * width, c.at(i + r, 0), c.column);
      if (columns > last)
        t.finish.row(columns - last, buffer + r * width + last + overlap, c.at(i + r, last), c.column);
    }
  }
}

template <class T>
void by_panels(std::size_t m, std::size_t n, std::size_t k, update<T> finish, matrix<const T> a,
               matrix<const T> b, matrix<T> c, T* scratch, std::size_t depth_block) {
  constexpr std::size_t lanes = simd<T>::lanes;
  const bool direct_b = b.column == 1 && n >= lanes;
  const bool direct_c = c.column == 1 && n >= lanes;
  const std::size_t blocks = k <= depth_block ? 1 : (k + depth_block - 1) / depth_block;
  const std::size_t total = (n + lanes - 1) / lanes;  // vectors in a row of C
  for (std::size_t block = 0; block < blocks; ++block) {
    const std::size_t p = k * block / blocks, depth = k * (block + 1) / blocks - p;
    const update<T> now = {finish.alpha, block == 0 ? finish.beta : T(1)};
    for (std::size_t first = 0; first < total;) {
      const std::size_t left = total - first, panels = (left + panel_vectors - 1) / panel_vectors;
      const std::size_t vectors = (left + panels - 1) / panels;
      const auto start = [&](std::size_t v) {  // column of C at which vector v of the row starts
        return n < lanes ? 0 : least(v * lanes, n - lanes);
      };
      const std::size_t column = first * lanes;
      const std::size_t last = start(first + vectors - 1);
      const std::size_t overlap = (first + vectors - 1) * lanes - last;
      tile_task<T> t = {};
      t.k = depth;
      t.a = {a.at(0, p), a.row, a.column};
      t.finish = now;
      if (direct_b) {
        // A panel of one vector may start before its own column.
        t.b = b.at(p, vectors == 1 ? last : column);
        t.b_row = b.row;
        t.b_last = vectors == 1 ? 0 : static_cast<std::ptrdiff_t>(last - column);
      } else {
        for (std::size_t v = 0; v < vectors; ++v)
          pack(depth, least(lanes, n), {b.at(p, start(first + v)), b.row, b.column}, scratch + v * lanes,
               vectors * lanes);
        t.b = scratch;
        t.b_row = static_cast<std::ptrdiff_t>(vectors * lanes);
        t.b_last = static_cast<std::ptrdiff_t>((vectors - 1) * lanes);
      }
      if (direct_c) {
        t.c = c.at(0, vectors == 1 ? last : column);
        t.c_row = c.row;
        t.c_last = vectors == 1 ? 0 : static_cast<std::ptrdiff_t>(last - column);
        t.overlap = overlap;
        panel(vectors, m, t);
      } else {
        panel_buffered(m, least(n - column, vectors * lanes), overlap, vectors, t,
                       {c.at(0, column), c.row, c.column});
      }
      first += vectors;
    }
  }
}

// rows x columns dot products of length k >= lanes; rows of A and columns of B contiguous. Result r * columns
// + s of the tile goes to out[r * columns + s].
template <class T, std::size_t rows, std::size_t columns>
[[gnu::noinline]] void dot_tile(std::size_t k, const T* const* a, const T* const* b, T* out) {
  using S = simd<T>;
  constexpr std::size_t lanes = S::lanes, group = least(lanes, rows * columns);
  static_assert(rows * columns % group == 0);
  typename S::vector sum[rows * columns] = {};
  const T* row[rows];
  const T* column[columns];
  for (std::size_t i = 0; i < rows; ++i) row[i] = a[i];
  for (std::size_t j = 0; j < columns; ++j) column[j] = b[j];
  std::size_t p = 0;
  for (; p + lanes <= k; p += lanes) {
    typename S::vector y[columns];
#pragma GCC unroll 16
    for (std::size_t j = 0; j < columns; ++j) y[j] = S::load(column[j] + p);
#pragma GCC unroll 16
    for (std::size_t i = 0; i < rows; ++i) {
      const typename S::vector x = S::load_once(row[i] + p);
#pragma GCC unroll 16
      for (std::size_t j = 0; j < columns; ++j) sum[i * columns + j] += x * y[j];
    }
  }
  if (p <
      k) {  // the last vector overlaps the one before; what was summed already is masked away on both sides
    const typename S::mask fresh = S::lanes_from(lanes - (k - p));
    p = k - lanes;
    typename S::vector y[columns];
#pragma GCC unroll 16
    for (std::size_t j = 0; j < columns; ++j) y[j] = S::keep(S::load(column[j] + p), fresh);
#pragma GCC unroll 16
    for (std::size_t i = 0; i < rows; ++i) {
      const typename S::vector x = S::keep(S::load(row[i] + p), fresh);
#pragma GCC unroll 16
      for (std::size_t j = 0; j < columns; ++j) sum[i * columns + j] += x * y[j];
    }
  }
#pragma GCC unroll 16
  for (std::size_t first = 0; first < rows * columns; first += group) {
    typename S::vector part[group];
#pragma GCC unroll 16
    for (std::size_t i = 0; i < group; ++i) part[i] = sum[first + i];
    S::sum_each(part, out + first);
  }
}

template <class T, std::size_t rows, std::size_t columns>
void by_dots(std::size_t m, std::size_t n, std::size_t k, update<T> finish, matrix<const T> a,
             matrix<const T> b, matrix<T> c, std::size_t depth_block) {
  static_assert(columns <= gemm_dot_columns);
  const std::size_t blocks = k <= depth_block ? 1 : (k + depth_block - 1) / depth_block;
  for (std::size_t block = 0; block < blocks; ++block) {
    const std::size_t p = k * block / blocks, depth = k * (block + 1) / blocks - p;
    const update<T> now = {finish.alpha, block == 0 ? finish.beta : T(1)};
    for (std::size_t j = 0; j < n; j += columns) {
      const T* column[columns];  // beyond the edge the last column is computed again and dropped
      for (std::size_t s = 0; s < columns; ++s) column[s] = b.at(p, least(j + s, n - 1));
      for (std::size_t i = 0; i < m; i += rows) {
        const T* row[rows];
        for (std::size_t r = 0; r < rows; ++r) row[r] = a.at(least(i + r, m - 1), p);
        alignas(64) T result[rows * columns];
        dot_tile<T, rows, columns>(depth, row, column, result);
        const std::size_t height = least(rows, m - i), width = least(columns, n - j);
        for (std::size_t r = 0; r < height; ++r)
          now.row(width, result + r * columns, c.at(i + r, j), c.column);
      }
    }
  }
}

// One row of C, `vectors` wide, the sum split over `parts` accumulators per vector.
template <class T, std::size_t vectors, std::size_t parts>
[[gnu::noinline]] void row_tile(std::size_t k, const T* a, std::ptrdiff_t a_column, const T* b,
                                std::ptrdiff_t b_row, T* out) {
  using S = simd<T>;
  typename S::vector sum[parts][vectors] = {};
  std::size_t p = 0;
  const auto add = [&](std::size_t part) __attribute__((always_inline)) {
    const typename S::vector x = S::broadcast(*a);
#pragma GCC unroll 16
    for (std::size_t v = 0; v < vectors; ++v) sum[part][v] += x * S::load(b + v * S::lanes);
    a += a_column;
    b += b_row;
  };
  for (; p + parts <= k; p += parts) {
#pragma GCC unroll 16
    for (std::size_t part = 0; part < parts; ++part) add(part);
  }
  for (; p < k; ++p) add(0);
#pragma GCC unroll 16
  for (std::size_t v = 0; v < vectors; ++v) {
    typename S::vector x = sum[0][v];
#pragma GCC unroll 16
    for (std::size_t part = 1; part < parts; ++part) x += sum[part][v];
    S::store(out + v * S::lanes, x);
  }
}

template <class T>
void by_row(std::size_t n, std::size_t k, update<T> finish, matrix<const T> a, matrix<const T> b,
            matrix<T> c) {
  constexpr std::size_t lanes = simd<T>::lanes;
  alignas(64) T buffer[8 * lanes];
  std::size_t done = 0;
  const auto step = [&]<std::size_t vectors>(std::integral_constant<std::size_t, vectors>) {
    constexpr std::size_t width = vectors * lanes;
    while (done + width <= n || (vectors == 1 && done < n)) {
      const std::size_t from = least(done, n - width);  // the last vector overlaps the one before
      row_tile<T, vectors, 8 / vectors>(k, a.data, a.column, b.at(0, from), b.row, buffer);
      finish.row(from + width - done, buffer + (done - from), c.at(0, done), c.column);
      done = from + width;
    }
  };
  step(std::integral_constant<std::size_t, 8>{});
  step(std::integral_constant<std::size_t, 4>{});
  step(std::integral_constant<std::size_t, 2>{});
  step(std::integral_constant<std::size_t, 1>{});
}

// A few multiplications: the plain loop costs less than any set-up.
template <class T>
void plain(std::size_t m, std::size_t n, std::size_t k, update<T> finish, matrix<const T> a,
           matrix<const T> b, matrix<T> c) {
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      T sum = 0;
      for (std::size_t p = 0; p < k; ++p) sum += *a.at(i, p) * *b.at(p, j);
      finish(*c.at(i, j), sum);
    }
}

}  // namespace gemm_detail

// C[i, j] = alpha * sum_p A[i, p] B[p, j] + beta * C[i, j] for i < m, j < n, p < k. k == 0 leaves beta * C.
// scratch: gemm_scratch_elements(m, n, k, first_cache) elements owned by the caller, contents of no interest.
// first_cache: bytes of the first cache of a core, at least 1024.
template <class T>
void gemm(std::size_t m, std::size_t n, std::size_t k, T alpha, const T* a, std::ptrdiff_t a_row,
          std::ptrdiff_t a_column, const T* b, std::ptrdiff_t b_row, std::ptrdiff_t b_column, T beta, T* c,
          std::ptrdiff_t c_row, std::ptrdiff_t c_column, T* scratch,
          std::size_t first_cache = first_cache_bytes) {
  using namespace gemm_detail;
  constexpr std::size_t lanes = simd<T>::lanes;
  if (m == 0 || n == 0) return;
  matrix<const T> left{a, a_row, a_column}, right{b, b_row, b_column};
  matrix<T> result{c, c_row, c_column};
  // C' = B' A' where that brings the longer or the contiguous side of C into the lanes.
  if (n == 1 ? m != 1 : m != 1 && c_column != 1 && c_row == 1) {
    std::swap(m, n);
    left = {b, b_column, b_row};
    right = {a, a_column, a_row};
    result = {c, c_column, c_row};
  }
  const update<T> finish{alpha, beta};
  if (k == 0 || m * n * k <= 64) return plain(m, n, k, finish, left, right, result);
  const std::size_t dot_block = gemm_dot_depth_block(first_cache);
  const bool columns_contiguous = right.row == 1 && k >= lanes;
  if (m == 1) {
    if (n >= lanes && right.column == 1) return by_row(n, k, finish, left, right, result);
    if (columns_contiguous) {
      // A strided vector is gathered first, as much at a time as the scratch holds.
      const std::size_t chunk = left.column == 1 ? k : least(k, gemm_scratch_elements(m, n, k, first_cache));
      for (std::size_t p = 0; p < k; p += chunk) {
        const std::size_t depth = least(chunk, k - p);
        matrix<const T> part{left.at(0, p), 0, 1};
        if (left.column != 1) {
          for (std::size_t i = 0; i < depth; ++i) scratch[i] = *left.at(0, p + i);
          part.data = scratch;
        }
        const update<T> now{alpha, p == 0 ? beta : T(1)};
        const matrix<const T> rows{right.at(p, 0), right.row, right.column};
        if (depth < lanes)
          plain(m, n, depth, now, part, rows, result);
        else
          by_dots<T, 1, 8>(m, n, depth, now, part, rows, result, dot_block);
      }
      return;
    }
  }
  // Lanes along the sum cost a reduction per element of C, packing costs a copy of B: measured (Zen 5,
  // AVX-512) equal near k = 64 m; a B narrower than a vector wastes lanes when packed.
  if (columns_contiguous && left.column == 1 && (n < lanes ? m <= 16 && k >= 2 * lanes : 64 * m <= k)) {
    if constexpr (panel_vectors == 4)
      return by_dots<T, 4, 4>(m, n, k, finish, left, right, result, dot_block);
    else
      return by_dots<T, 2, 4>(m, n, k, finish, left, right, result, dot_block);
  }
  by_panels(m, n, k, finish, left, right, result, scratch, gemm_depth_block(first_cache));
}

}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime

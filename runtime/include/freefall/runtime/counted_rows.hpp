// Any number of rows times a matrix of known size that lies by its own rows, tile by tile: the elements of a
// row of the result are in the lanes of the vectors, so that neither the rows of A nor those of C have to be
// turned.
//
// The order of summation is k = 0, 1, 2, ... for every element, whichever rows are taken together.
#pragma once

#include <cstddef>
#include <type_traits>

#include "freefall/runtime/register_tile.hpp"
#include "freefall/runtime/small_product.hpp"
#include "freefall/runtime/stored_rows.hpp"
#include "freefall/runtime/team.hpp"

namespace freefall::runtime {
inline namespace FREEFALL_INSTRUCTION_SET {

namespace counted_detail {
using namespace tile_detail;

// The last rows of a matrix narrower than a vector: of those before, a whole vector may be read.
template <class T, std::size_t n, std::size_t k, std::ptrdiff_t b_row>
struct end_of_rows {
  static constexpr std::size_t lanes = simd<T>::lanes, row = static_cast<std::size_t>(b_row),
                               behind = n < lanes ? (lanes - n + row - 1) / row : 0, count = least(behind, k);
  T rows[count == 0 ? 1 : count * lanes];
  explicit end_of_rows(const T* b) {
    for (std::size_t p = 0; p < count; ++p)
      for (std::size_t j = 0; j < lanes; ++j)
        rows[p * lanes + j] = j < n ? b[(k - count + p) * row + j] : T(0);
  }
};

// One product; its template arguments are those of counted_rows.
template <class T, std::size_t capacity, std::size_t n, std::size_t k, std::ptrdiff_t a_row,
          std::ptrdiff_t a_column, std::ptrdiff_t b_row, bool light, class Share, class Finish>
class product {
  static constexpr std::size_t lanes = simd<T>::lanes;
  template <std::size_t value>
  using number = std::integral_constant<std::size_t, value>;

 public:
  [[gnu::always_inline]] product(const Share& share, std::size_t m, const T* a, const T* b,
                                 const Finish& finish)
      : share_(share), m_(m), a_(a), b_(b), finish_(finish), end_(b) {}

  [[gnu::always_inline]] void run() {
    constexpr std::size_t vectors_of_row = (n + lanes - 1) / lanes;
    constexpr partition columns(vectors_of_row, vectors_beside(capacity, vectors_of_row));
    constexpr std::size_t overlap = n < lanes ? 0 : vectors_of_row * lanes - n;
    std::size_t panel = 0, first = 0;
    if constexpr (columns.larger > 0) {
      for (; panel < columns.larger; ++panel, first += (columns.size + 1) * lanes)
        rows_of<columns.size + 1, 0>(first);
    }
    for (; panel + 1 < columns.parts; ++panel, first += columns.size * lanes) rows_of<columns.size, 0>(first);
    rows_of<columns.size, overlap>(first);
  }

 private:
  // All rows of `vectors` vectors from column `first` on; the last one starts `back` columns early.
  template <std::size_t vectors, std::size_t back>
  [[gnu::always_inline]] void rows_of(std::size_t first) {
    constexpr partition tiles(capacity, accumulators / vectors);
    std::size_t i = 0;
    if constexpr (tiles.larger > 0) {
      for (std::size_t t = 0; t < tiles.larger && i + tiles.size < m_; ++t, i += tiles.size + 1)
        tile<tiles.size + 1, vectors, back>(i, tiles.size + 1, first);
    }
    for (; i + tiles.size <= m_; i += tiles.size) tile<tiles.size, vectors, back>(i, tiles.size, first);
    if (i < m_) rest<tiles.size, vectors, back>(i, first);
  }

  // Fewer than `rows`, from row i on, in lower tiles.
  template <std::size_t rows, std::size_t vectors, std::size_t back>
  [[gnu::always_inline]] void rest(std::size_t i, std::size_t first) {
    constexpr std::size_t half = (rows + 1) / 2;
    if constexpr (rows > 1) {
      if (m_ < rows && m_ - i > half) {
        tile<half, vectors, back>(i, half, first);
        return rest<half, vectors, back>(i + half, first);
      }
      if (m_ - i <= half) return rest<half, vectors, back>(i, first);
    }
    tile<rows, vectors, back>(i, least(m_ - i, rows), first);
  }

  // The rows i, i + 1, ... as the last `own` of a tile; those before them are another tile's, of another
  // thread perhaps, and nothing is stored there.
  template <std::size_t rows, std::size_t vectors, std::size_t back>
  [[gnu::always_inline]] void tile(std::size_t i, std::size_t own, std::size_t first) {
    if (!share_.owns(tiles_++)) return;
    constexpr std::size_t whole = vectors * lanes;
    constexpr std::ptrdiff_t last = vectors == 1 ? 0 : static_cast<std::ptrdiff_t>(whole - lanes - back);
    const T* const a = a_ + static_cast<std::ptrdiff_t>(i + own - rows) * a_row;
    const std::size_t start = vectors == 1 ? first - back : first;
    if constexpr (is_stored<Finish> && n >= lanes && (vectors > 1 || back == 0)) {
      if (own == rows)
        return add<rows, vectors, place<Finish::row, last>>(a, start, last, finish_.at(i) + start,
                                                            finish_.seen);
    }
    alignas(64) T sums[rows * whole];
    add<rows, vectors, in_buffer<T, vectors>>(a, start, last, sums, not_looked_at);
#pragma GCC unroll 1
    for (std::size_t left = own; left > 0; --left)
      finish_row<whole, back>(i + own - left, first, sums + (rows - left) * whole);
  }

  template <std::size_t rows, std::size_t vectors, class Place, class Seen>
  [[gnu::always_inline]] void add(const T* a, std::size_t start, std::ptrdiff_t last, T* out, Seen& seen) {
    constexpr std::size_t before = k - decltype(end_)::count;
    if constexpr (light)
      add_up<T, rows, vectors, a_row, a_column, b_row, Place, Seen>(before, a, b_ + start, last, out)
          .tell(seen);
    else
      accumulate<T, rows, vectors, a_row, a_column, b_row, Place, Seen>(before, a, b_ + start, last, out)
          .tell(seen);
    if constexpr (before < k)
      accumulate<T, rows, 1, a_row, a_column, lanes, in_buffer<T, 1, true>, Seen>(
          k - before, a + static_cast<std::ptrdiff_t>(before) * a_column, end_.rows, 0, out)
          .tell(seen);
  }

  template <std::size_t whole, std::size_t back>
  [[gnu::always_inline]] void finish_row(std::size_t i, std::size_t first, const T* sum) {
    if constexpr (n < lanes && is_stored<Finish>) {
      finish_.template padded<simd<T>>(i, sum, number<n>{});
    } else if constexpr (n < lanes) {
      finish_(i, 0, sum, number<n>{});
    } else if constexpr (back == 0) {
      finish_(i, first, sum, number<whole>{});
    } else {
      if constexpr (whole > lanes) finish_(i, first, sum, number<whole - lanes>{});
      finish_(i, first + whole - lanes, sum + whole - lanes + back, number<lanes - back>{});
    }
  }

  const Share& share_;
  const std::size_t m_;
  const T *const a_, *const b_;
  const Finish& finish_;
  const end_of_rows<T, n, k, b_row> end_;
  std::size_t tiles_ = 0;
};

}  // namespace counted_detail

// C[i, j] = sum_p A[i, p] B[p, j] for i < m, j < n, p < k; element [i, p] of A is a[i * a_row + p *
// a_column] and [p, j] of B is b[p * b_row + j]. For every row of every tile calls
//   finish(i, first, sum, count)   with sum[j - first] = C[i, j] for first <= j < first + count
// once for each element; `count` is a std::integral_constant. Nothing that finish writes may be part of A or
// B. Only the tiles that share.owns(number) are computed (team.hpp). m is at most `capacity`, for which the
// rows are divided best. `light`: finish does little more than store, and k is small, so that tiles are
// written out where they are.
template <class T, std::size_t capacity, std::size_t n, std::size_t k, std::ptrdiff_t a_row,
          std::ptrdiff_t a_column, std::ptrdiff_t b_row, bool light = false, class Share, class Finish>
[[gnu::always_inline]] inline void counted_rows(const Share& share, std::size_t m, const T* a, const T* b,
                                                const Finish& finish) {
  if constexpr (is_stored<Finish> && small_detail::stays_in_registers<simd<T>, n, k>) {
    // In straight lines, in parts that threads can share.
    constexpr std::size_t rows = 64;
    for (std::size_t i = 0; i < m; i += rows) {
      if (share.owns(i / rows))
        small_detail::store_rows<simd<T>, n, k, a_row, a_column, b_row>(
            least(rows, m - i), a + static_cast<std::ptrdiff_t>(i) * a_row, b, finish.from(i));
    }
  } else {
    counted_detail::product<T, capacity, n, k, a_row, a_column, b_row, light, Share, Finish>(share, m, a, b,
                                                                                             finish)
        .run();
  }
}

// All tiles.
template <class T, std::size_t capacity, std::size_t n, std::size_t k, std::ptrdiff_t a_row,
          std::ptrdiff_t a_column, std::ptrdiff_t b_row, bool light = false, class Finish>
[[gnu::always_inline]] inline void counted_rows(std::size_t m, const T* a, const T* b, const Finish& finish) {
  counted_rows<T, capacity, n, k, a_row, a_column, b_row, light>(team(), m, a, b, finish);
}

}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime

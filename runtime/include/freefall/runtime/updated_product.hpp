// A matrix that changes times a vector, in one pass through the matrix: each element is replaced, stored and
// multiplied while it is in a register. Beyond the caches that takes half the time of a pass for either.
//
// The order of summation depends on sizes and strides alone.
#pragma once

#include <cstddef>
#include <type_traits>

#include "freefall/runtime/innermost.hpp"
#include "freefall/runtime/simd.hpp"

namespace freefall::runtime {
inline namespace FREEFALL_INSTRUCTION_SET {

// In place of a finite<T>, where the elements are not checked here.
struct unchecked {
  template <class P>
  [[gnu::always_inline]] void add(typename P::vector) {}
  template <class Word>
  [[gnu::always_inline]] void operator|=(Word) {}
};
// In place of the values on the diagonal, where they are like all others.
struct like_all {};

namespace updated_detail {

// y[r] = sum_p a[r, p] x[p] for a few rows, with a[r, p] = rows[r](p) from now on.
template <class S, std::size_t count, std::size_t k, std::ptrdiff_t row, class T, class Seen, class Row>
[[gnu::always_inline]] inline void dots(T* a, const T* x, T* y, Seen& seen, const Row (&rows)[count]) {
  typename S::vector sum[count] = {};
  for (std::size_t p = 0; p + S::lanes <= k; p += S::lanes) {
    const typename S::vector line = S::load_once(x + p);
    typename S::vector v[count];  // all before the first is stored: what they share is loaded once
#pragma GCC unroll 16
    for (std::size_t r = 0; r < count; ++r) v[r] = innermost_detail::lanes_of<T, S>(p, rows[r]);
#pragma GCC unroll 16
    for (std::size_t r = 0; r < count; ++r) {
      S::store(a + static_cast<std::ptrdiff_t>(r) * row + p, v[r]);
      seen.template add<S>(v[r]);
      sum[r] += v[r] * line;
    }
  }
  S::sum_each(sum, y);
  for (std::size_t p = k / S::lanes * S::lanes; p < k; ++p) {
#pragma GCC unroll 16
    for (std::size_t r = 0; r < count; ++r) {
      const T v = rows[r](p);
      a[static_cast<std::ptrdiff_t>(r) * row + static_cast<std::ptrdiff_t>(p)] = v;
      seen |= carried(v);
      y[r] += v * x[p];
    }
  }
}

// y[i - first] = sum_p a[i, p] x[p] for a few vectors of contiguous rows i from `first` on, with a[i, p] =
// columns(p)(i) from now on.
template <class S, std::size_t vectors, std::size_t k, std::ptrdiff_t column, std::ptrdiff_t step, class T,
          class Seen, class Columns>
[[gnu::always_inline]] inline void scaled(std::size_t first, T* a, const T* x, T* y, Seen& seen,
                                          const Columns& columns) {
  constexpr std::size_t sets = least(k, vectors <= 2 ? 4 : 2);
  typename S::vector sum[sets][vectors] = {};
  const auto add = [&](std::size_t p, typename S::vector(&into)[vectors]) __attribute__((always_inline)) {
    const typename S::vector factor = S::broadcast(x[static_cast<std::ptrdiff_t>(p) * step]);
    const auto change = columns(p);
#pragma GCC unroll 4
    for (std::size_t v = 0; v < vectors; ++v) {
      const std::size_t i = first + v * S::lanes;
      const typename S::vector value = innermost_detail::lanes_of<T, S>(i, change);
      S::store(a + static_cast<std::ptrdiff_t>(p) * column + i, value);
      seen.template add<S>(value);
      into[v] += value * factor;
    }
  };
  for (std::size_t p = 0; p + sets <= k; p += sets) {
#pragma GCC unroll 4
    for (std::size_t s = 0; s < sets; ++s) add(p + s, sum[s]);
  }
#pragma GCC unroll 4
  for (std::size_t s = 0; s < k % sets; ++s) add(k - k % sets + s, sum[s]);
#pragma GCC unroll 4
  for (std::size_t v = 0; v < vectors; ++v) {
    typename S::vector total = sum[0][v];
#pragma GCC unroll 4
    for (std::size_t s = 1; s < sets; ++s) total += sum[s][v];
    S::store(y + v * S::lanes, total);
  }
}

}  // namespace updated_detail

// For i < m, p < k: element [i, p] of the matrix, a[i * row + p * column], becomes update(i)(p) where rows
// are contiguous (column = 1), update(p)(i) where columns are (row = 1), and y[i] = sum_p a[i, p] x[p * step]
// of the new elements; on the diagonal it becomes diagonal(i), unless that is like_all. What update reads of
// the matrix is the element itself alone. Calls finish(first, sum, count) as matrix_vector() does; what that
// writes at i no update of a later i reads elsewhere. `seen` notes whether the new elements are finite.
template <class T, std::size_t m, std::size_t k, std::ptrdiff_t row, std::ptrdiff_t column,
          std::ptrdiff_t step, class Seen, class Update, class Diagonal, class Finish>
[[gnu::always_inline]] inline void updated_matrix_vector(T* a, const T* x, Seen& seen_before,
                                                         const Update& update, const Diagonal& diagonal,
                                                         const Finish& finish) {
  using namespace updated_detail;
  Seen seen = seen_before;  // in registers: no store to the matrix can reach it
  static_assert(m >= 2 && k >= 2 && ((column == 1 && step == 1) || row == 1));
  // The product has been taken with what update() says of the diagonal.
  const auto end = [&]<std::size_t count>(std::size_t first, T* y,
                                          std::integral_constant<std::size_t, count> n) {
    if constexpr (!std::is_same_v<Diagonal, like_all>) {
      for (std::size_t r = 0; r < count; ++r) {
        const auto i = static_cast<std::ptrdiff_t>(first + r);
        T& element = a[i * (row + column)];
        const T value = diagonal(first + r);
        y[r] += (value - element) * x[i * step];
        element = value;
        seen |= carried(value);
      }
    }
    finish(first, y, n);
  };
  if constexpr (column == 1) {
    using S = decltype(simd_within<T, k>());
    // As many rows at a time as leave registers for the sum and what changes of each.
    constexpr std::size_t most = register_tiles.accumulators / 3;
    const auto rows = [&]<std::size_t group>(const auto& self, std::size_t first,
                                             std::integral_constant<std::size_t, group>) -> void {
      std::size_t i = first;
      for (; i + group <= m; i += group) {
        alignas(64) T y[group];
        [&]<std::size_t... r>(std::index_sequence<r...>) __attribute__((always_inline)) {
          const decltype(update(i)) all[group] = {update(i + r)...};
          dots<S, group, k, row>(a + static_cast<std::ptrdiff_t>(i) * row, x, y, seen, all);
        }(std::make_index_sequence<group>{});
        end(i, y, std::integral_constant<std::size_t, group>{});
      }
      if constexpr (group > 1) self(self, i, std::integral_constant<std::size_t, group / 2>{});
    };
    rows(rows, 0, std::integral_constant<std::size_t, least(most, least(S::lanes, 8))>{});
  } else {
    const auto columns = [&]<std::size_t from>(const auto& self,
                                               std::integral_constant<std::size_t, from>) -> void {
      if constexpr (from + 1 == m) {
        T y[1] = {};
        for (std::size_t p = 0; p < k; ++p) {
          const T value = update(p)(from);
          a[from + static_cast<std::size_t>(column) * p] = value;
          seen |= carried(value);
          y[0] += value * x[static_cast<std::ptrdiff_t>(p) * step];
        }
        end(from, y, std::integral_constant<std::size_t, 1>{});
      } else if constexpr (from < m) {
        using S = decltype(simd_within<T, m - from>());
        constexpr std::size_t vectors = least(4, (m - from) / S::lanes), width = vectors * S::lanes,
                              blocks = (m - from) / width;
        for (std::size_t first = from; first < from + blocks * width; first += width) {
          alignas(64) T y[width];
          scaled<S, vectors, k, column, step>(first, a, x, y, seen, update);
          end(first, y, std::integral_constant<std::size_t, width>{});
        }
        self(self, std::integral_constant<std::size_t, from + blocks * width>{});
      }
    };
    columns(columns, std::integral_constant<std::size_t, 0>{});
  }
  seen_before = seen;
}

}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime

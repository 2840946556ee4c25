// A matrix that changes times a vector, in one pass through the matrix: each element is replaced, stored and
// multiplied while it is in a register. Beyond the caches that takes half the time of a pass for either.
//
// The order of summation depends on sizes and strides alone.
#pragma once

#include <bit>
#include <cstddef>
#include <type_traits>

#include "freefall/runtime/innermost.hpp"
#include "freefall/runtime/simd.hpp"

namespace freefall::runtime {
inline namespace FREEFALL_INSTRUCTION_SET {

// In place of the values on the diagonal, where they are like all others.
struct like_all {};

namespace updated_detail {

// f(0), ..., f(n - 1), of constants. Where g++ 12 unrolls a loop around the loop over lanes itself, it takes
// the later copies for hardly ever run, and leaves them in scalar code.
template <std::size_t n, class F>
[[gnu::always_inline]] inline void write_out(const F& f) {
  [&]<std::size_t... i>(std::index_sequence<i...>) __attribute__((always_inline)) {
    (f(std::integral_constant<std::size_t, i>{}), ...);
  }(std::make_index_sequence<n>{});
}

// y[r] = sum_p a[r, p] x[p] for a few rows, with a[r, p] = rows(p) of each from now on. Rows are written out
// by their numbers, not in a loop: g++ 12 makes vectors of each only where it knows which one it is.
template <class S, std::size_t k, std::ptrdiff_t row, std::size_t... r, class T, class Seen, class... Row>
[[gnu::always_inline]] inline void dots(std::index_sequence<r...>, T* a, const T* x, T* y, Seen& seen,
                                        const Row&... rows) {
  typename S::vector sum[sizeof...(r)] = {};
  for (std::size_t p = 0; p + S::lanes <= k; p += S::lanes) {
    const typename S::vector line = S::load_once(x + p);
    // All before the first is stored: what they share is loaded once.
    const typename S::vector v[] = {innermost_detail::lanes_of<T, S>(p, rows)...};
    ((S::store(a + static_cast<std::ptrdiff_t>(r) * row + p, v[r]), seen.template add<S>(v[r]),
      sum[r] += v[r] * line),
     ...);
  }
  S::sum_each(sum, y);
  for (std::size_t p = k / S::lanes * S::lanes; p < k; ++p) {
    const T v[] = {rows(p)...};
    ((a[static_cast<std::ptrdiff_t>(r) * row + static_cast<std::ptrdiff_t>(p)] = v[r], seen |= carried(v[r]),
      y[r] += v[r] * x[p]),
     ...);
  }
}

// y[i - first] = sum_p a[i, p] x[p] for a few vectors of contiguous rows i from `first` on, with a[i, p] =
// columns(p)(i) from now on, and a[i, i] = diagonal(i) unless that is like_all.
template <class S, std::size_t vectors, std::size_t k, std::ptrdiff_t column, std::ptrdiff_t step, class T,
          class Seen, class Columns, class Diagonal>
[[gnu::always_inline]] inline void scaled(std::size_t first, T* a, const T* x, T* y, Seen& seen,
                                          const Columns& columns, const Diagonal& diagonal) {
  // Few vectors have more sets of sums, one for each of the columns abreast: these hide how long a sum takes.
  constexpr std::size_t sets = least(least(k, S::lanes), least(4, 8 / std::bit_ceil(vectors))),
                        end = k / sets * sets;
  constexpr bool has_diagonal = !std::is_same_v<Diagonal, like_all>;
  typename S::vector sum[sets][vectors] = {};
  // `own`: the vector that holds the diagonal of these columns.
  const auto add = [&](std::size_t p, typename S::vector(&into)[vectors], auto own) FREEFALL_INLINED {
    const typename S::vector factor = S::broadcast(x[static_cast<std::ptrdiff_t>(p) * step]);
    const auto change = columns(p);
    write_out<vectors>([&](auto v) FREEFALL_INLINED {
      const std::size_t i = first + v * S::lanes;
      typename S::vector value = innermost_detail::lanes_of<T, S>(i, change);
      if constexpr (has_diagonal) {
        if constexpr (v == own) value = S::select(S::lane(p - i), S::broadcast(diagonal(p)), value);
      }
      S::store(a + static_cast<std::ptrdiff_t>(p) * column + i, value);
      seen.template add<S>(value);
      into[v] += value * factor;
    });
  };
  const auto many = [&](std::size_t from, std::size_t to, auto own) FREEFALL_INLINED {
    FREEFALL_ROLLED
    for (std::size_t p = from; p < to; p += sets)
      write_out<sets>([&](auto s) FREEFALL_INLINED { add(p + s, sum[s], own); });
  };
  constexpr std::integral_constant<std::size_t, vectors> elsewhere;
  if constexpr (!has_diagonal) {
    many(0, end, elsewhere);
  } else {
    many(0, first, elsewhere);
    write_out<vectors>([&](auto own) FREEFALL_INLINED {
      const std::size_t p = first + own * S::lanes;
      many(p, p + S::lanes, own);
    });
    many(first + vectors * S::lanes, end, elsewhere);
  }
  write_out<k % sets>([&](auto s) FREEFALL_INLINED { add(end + s, sum[s], elsewhere); });
  write_out<vectors>([&](auto v) FREEFALL_INLINED {
    typename S::vector total = sum[0][v];
#pragma GCC unroll 4
    for (std::size_t s = 1; s < sets; ++s) total += sum[s][v];
    S::store(y + v * S::lanes, total);
  });
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
  constexpr bool has_diagonal = !std::is_same_v<Diagonal, like_all>;
  static_assert(!has_diagonal || m == k);
  if constexpr (column == 1) {
    using S = decltype(simd_within<T, k>());
    // As many rows at a time, a power of two, as leave registers for the sum and what changes of each.
    constexpr std::size_t most = std::bit_floor(register_tiles.accumulators / 3 | 1);
    const auto rows = [&]<std::size_t group>(const auto& self, std::size_t first,
                                             std::integral_constant<std::size_t, group>) -> void {
      std::size_t i = first;
      for (; i + group <= m; i += group) {
        alignas(64) T y[group];
        [&]<std::size_t... r>(std::index_sequence<r...>) __attribute__((always_inline)) {
          dots<S, k, row>(std::index_sequence<r...>{}, a + static_cast<std::ptrdiff_t>(i) * row, x, y, seen,
                          update(i + r)...);
        }(std::make_index_sequence<group>{});
        if constexpr (has_diagonal) {  // the sums have what update() says of it
          for (std::size_t r = 0; r < group; ++r) {
            T& element = a[static_cast<std::ptrdiff_t>(i + r) * (row + 1)];
            const T value = diagonal(i + r);
            y[r] += (value - element) * x[i + r];
            element = value;
            seen |= carried(value);
          }
        }
        finish(i, y, std::integral_constant<std::size_t, group>{});
      }
      if constexpr (group > 1) self(self, i, std::integral_constant<std::size_t, group / 2>{});
    };
    rows(rows, 0, std::integral_constant<std::size_t, least(most, least(S::lanes, 8))>{});
  } else {
    // So many vectors of rows at a time. What is between its load and its store, some 50 vectors on Zen 4, is
    // to stay in the first cache, also where columns are 4096 bytes or a multiple apart and each of the
    // vectors has but the lines of one set: 512 units of double take 115 us with 4 vectors, 32 us with 8.
    constexpr std::size_t most = 8;
    const auto columns = [&](const auto& self, auto from_row) FREEFALL_INLINED {
      constexpr std::size_t from = from_row;
      if constexpr (from + 1 == m) {
        T y[1] = {};
        for (std::size_t p = 0; p < k; ++p) {
          T value = update(p)(from);
          if constexpr (has_diagonal) value = p == from ? diagonal(p) : value;
          a[from + static_cast<std::size_t>(column) * p] = value;
          seen |= carried(value);
          y[0] += value * x[static_cast<std::ptrdiff_t>(p) * step];
        }
        finish(from, y, std::integral_constant<std::size_t, 1>{});
      } else if constexpr (from < m) {
        using S = decltype(simd_within<T, m - from>());
        constexpr std::size_t vectors = least(most, (m - from) / S::lanes), width = vectors * S::lanes,
                              blocks = (m - from) / width;
        for (std::size_t first = from; first < from + blocks * width; first += width) {
          alignas(64) T y[width];
          scaled<S, vectors, k, column, step>(first, a, x, y, seen, update, diagonal);
          finish(first, y, std::integral_constant<std::size_t, width>{});
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

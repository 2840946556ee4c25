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

// In place of the values on the diagonal, where they are like all others. Never called: clang looks at calls
// that no branch makes.
struct like_all {
  constexpr int operator()(std::size_t) const { return 0; }
};

namespace updated_detail {

// f(0), ..., f(n - 1), of constants. Where g++ 12 unrolls a loop around the loop over lanes itself, it takes
// the later copies for hardly ever run, and leaves them in scalar code.
template <std::size_t n, class F>
[[gnu::always_inline]] inline void write_out(const F& f) {
  [&]<std::size_t... i>(std::index_sequence<i...>) __attribute__((always_inline)) {
    (f(std::integral_constant<std::size_t, i>{}), ...);
  }(std::make_index_sequence<n>{});
}

// y[r] = sum_p a[r, p] x[p] for a few rows from `first` on, with a[r, p] = rows(p) of each from now on, and
// diagonal(first + r) at p = first + r, unless that is like_all. Rows are written out by their numbers, not
// in a loop: g++ 12 makes vectors of each only where it knows which one it is.
template <class S, std::size_t k, std::ptrdiff_t row, std::size_t... r, class T, class Seen, class Diagonal,
          class... Row>
[[gnu::always_inline]] inline void dots(std::index_sequence<r...>, std::size_t first, T* a, const T* x, T* y,
                                        Seen& seen, const Diagonal& diagonal, const Row&... rows) {
  constexpr bool has_diagonal = !std::is_same_v<Diagonal, like_all>;
  constexpr std::size_t whole = k / S::lanes * S::lanes;
  typename S::vector sum[sizeof...(r)] = {};
  const auto vector = [&](std::size_t p, auto is_own) FREEFALL_INLINED {
    const typename S::vector line = S::load_once(x + p);
    // All before the first is stored: what they share is loaded once.
    typename S::vector v[] = {innermost_detail::lanes_of<T, S>(p, rows)...};
    if constexpr (is_own)
      ((v[r] = S::select(S::lane(first + r - p), S::broadcast(diagonal(first + r)), v[r])), ...);
    ((S::store(a + static_cast<std::ptrdiff_t>(r) * row + p, v[r]), seen.template add<S>(v[r]),
      sum[r] += v[r] * line),
     ...);
  };
  // The vector with the diagonals of all these rows first, then those behind it, those before it: in one
  // loop, whose end a processor foresees.
  std::size_t p = 0, count = whole / S::lanes;
  if constexpr (has_diagonal && whole > 0) {
    static_assert(sizeof...(r) <= S::lanes);
    const std::size_t own = first / S::lanes * S::lanes;
    if (own < whole) {
      vector(own, std::true_type{});
      p = own + S::lanes;
      --count;
    }
  }
  FREEFALL_ROLLED
  for (std::size_t n = 0; n < count; ++n) {
    if constexpr (has_diagonal) p &= -static_cast<std::size_t>(p != whole);
    vector(p, std::false_type{});
    p += S::lanes;
  }
  S::sum_each(sum, y);
  for (p = whole; p < k; ++p) {
    T v[] = {rows(p)...};
    if constexpr (has_diagonal) ((v[r] = p == first + r ? diagonal(p) : v[r]), ...);
    ((a[static_cast<std::ptrdiff_t>(r) * row + static_cast<std::ptrdiff_t>(p)] = v[r], seen |= carried(v[r]),
      y[r] += v[r] * x[p]),
     ...);
  }
}

// A number in place of a vector.
template <class T>
struct single {
  static constexpr std::size_t lanes = 1;
  using vector = T;
  [[gnu::always_inline]] static T load(const T* p) { return *p; }
  [[gnu::always_inline]] static void store(T* p, T x) { *p = x; }
  [[gnu::always_inline]] static T broadcast(T x) { return x; }
};

// Rows from `first` of a block on, in the lanes of S.
template <class S, std::size_t first>
struct piece {
  using vectors = S;
  static constexpr std::size_t start = first;
};
// Rows in pieces: in whole vectors, what is over in halves, quarters, ...
template <class... Piece>
struct pieces {};
template <class First, class... Piece>
struct pieces<First, Piece...> {
  using first = First;
};
template <class T, std::size_t rows, class... Piece>
[[gnu::always_inline]] constexpr auto in_pieces(pieces<Piece...> before = {}) {
  constexpr std::size_t from = (Piece::vectors::lanes + ... + 0);
  if constexpr (from == rows) {
    return before;
  } else if constexpr (from + 1 == rows) {
    return pieces<Piece..., piece<single<T>, from>>{};
  } else {
    return in_pieces<T, rows>(pieces<Piece..., piece<decltype(simd_within<T, rows - from>()), from>>{});
  }
}

template <class Piece>
struct sum_of {
  typename Piece::vectors::vector sum = {};
};
template <class... Piece>
struct sums : sum_of<Piece>... {};

// y[i - first] = sum_p a[i, p] x[p] for contiguous rows i from `first` on, the pieces of which are few, with
// a[i, p] = columns(p)(i) from now on, and a[i, i] = diagonal(i) unless that is like_all, for `own` rows from
// `first` on: those behind them have no diagonal.
template <std::size_t own, std::size_t k, std::ptrdiff_t column, std::ptrdiff_t step, class T, class Seen,
          class Columns, class Diagonal, class Finish, class... Piece>
[[gnu::always_inline]] inline void scaled(pieces<Piece...>, std::size_t first, T* a, const T* x, Seen& seen,
                                          const Columns& columns, const Diagonal& diagonal,
                                          const Finish& finish) {
  // Few pieces have more sets of sums, one for each of the columns abreast: these hide how long a sum takes.
  // Their number divides that of the rows before these.
  constexpr std::size_t widest = pieces<Piece...>::first::vectors::lanes,
                        sets = least(least(std::bit_floor(k), widest), sizeof...(Piece) <= 3   ? 4
                                                                       : sizeof...(Piece) <= 6 ? 2
                                                                                               : 1);
  constexpr bool has_diagonal = !std::is_same_v<Diagonal, like_all>;
  sums<Piece...> sum[sets];
  // Own: the piece with the diagonal of these columns, or none.
  const auto add = [&]<class Own>(std::size_t p, sums<Piece...>& into, Own) FREEFALL_INLINED {
    const T factor = x[static_cast<std::ptrdiff_t>(p) * step];
    const auto change = columns(p);
    const auto add_piece = [&]<class P>(sum_of<P>& of) FREEFALL_INLINED {
      using S = typename P::vectors;
      const std::size_t i = first + P::start;
      typename S::vector value = innermost_detail::lanes_of<T, S>(i, change);
      if constexpr (std::is_same_v<P, Own>) {
        if constexpr (S::lanes == 1) {
          value = diagonal(p);
        } else {
          value = S::select(S::lane(p - i), S::broadcast(diagonal(p)), value);
        }
      }
      S::store(a + static_cast<std::ptrdiff_t>(p) * column + i, value);
      if constexpr (S::lanes == 1) {
        seen |= carried(value);
      } else {
        seen.template add<S>(value);
      }
      of.sum += value * S::broadcast(factor);
    };
    (add_piece(static_cast<sum_of<Piece>&>(into)), ...);
  };
  // Columns up to `to`, a whole number of sets, and `rest` more.
  const auto many = [&](std::size_t from, std::size_t to, auto piece, auto rest) FREEFALL_INLINED {
    FREEFALL_ROLLED
    for (std::size_t p = from; p < to; p += sets)
      write_out<sets>([&](auto s) FREEFALL_INLINED { add(p + s, sum[s], piece); });
    write_out<rest>([&](auto s) FREEFALL_INLINED { add(to + s, sum[s], piece); });
  };
  if constexpr (has_diagonal) {
    constexpr std::integral_constant<std::size_t, (k - own) % sets> rest;
    many(0, first, like_all{}, std::integral_constant<std::size_t, 0>{});
    const auto many_own = [&]<class P>(P) FREEFALL_INLINED {
      constexpr std::size_t there = own > P::start ? least(P::vectors::lanes, own - P::start) : 0;
      many(first + P::start, first + P::start + there / sets * sets, P{},
           std::integral_constant<std::size_t, there % sets>{});
    };
    (many_own(Piece{}), ...);
    many(first + own, k - rest, like_all{}, rest);
  } else {
    constexpr std::integral_constant<std::size_t, k % sets> rest;
    many(0, k - rest, like_all{}, rest);
  }
  // Piece by piece: what is stored as one vector is loaded as one.
  const auto finish_piece = [&]<class P>(P) FREEFALL_INLINED {
    using S = typename P::vectors;
    typename S::vector total = static_cast<sum_of<P>&>(sum[0]).sum;
#pragma GCC unroll 4
    for (std::size_t s = 1; s < sets; ++s) total += static_cast<sum_of<P>&>(sum[s]).sum;
    alignas(64) T y[S::lanes];
    S::store(y, total);
    finish(first + P::start, y, std::integral_constant<std::size_t, S::lanes>{});
  };
  (finish_piece(Piece{}), ...);
}

}  // namespace updated_detail

// For i < m, p < k: element [i, p] of the matrix, a[i * row + p * column], becomes update(i)(p) where rows
// are contiguous (column = 1), update(p)(i) where columns are (row = 1), and y[i] = sum_p a[i, p] x[p * step]
// of the new elements; on the diagonal it becomes diagonal(i), unless that is like_all. With a diagonal the
// matrix is square, but for rows behind the last column where columns are contiguous. What update reads of
// the matrix is the element itself alone. Calls finish(first, sum, count) as matrix_vector() does; what that
// writes at i no update of another i reads elsewhere. `seen` notes whether the new elements are finite.
//
// Backwards: the last rows first, with the same result. Where every second pass through a matrix goes so, a
// cache that holds a part of it has that part when the next pass begins.
template <class T, std::size_t m, std::size_t k, std::ptrdiff_t row, std::ptrdiff_t column,
          std::ptrdiff_t step, class Seen, class Update, class Diagonal, class Finish>
[[gnu::always_inline]] inline void updated_matrix_vector(T* a, const T* x, Seen& seen_before, bool backwards,
                                                         const Update& update, const Diagonal& diagonal,
                                                         const Finish& finish) {
  using namespace updated_detail;
  Seen seen = seen_before;  // in registers: no store to the matrix can reach it
  static_assert(m >= 2 && k >= 2 && ((column == 1 && step == 1) || row == 1));
  constexpr bool has_diagonal = !std::is_same_v<Diagonal, like_all>;
  static_assert(!has_diagonal || m == k || (row == 1 && m > k));
  if constexpr (column == 1) {
    using S = decltype(simd_within<T, k>());
    // As many rows at a time, a power of two, as leave registers for the sum and what changes of each.
    constexpr std::size_t most = std::bit_floor(register_tiles.accumulators / 3 | 1);
    const auto rows = [&]<std::size_t group>(const auto& self, std::size_t first,
                                             std::integral_constant<std::size_t, group>) -> void {
      const std::size_t groups = (m - first) / group;
      for (std::size_t g = 0; g < groups; ++g) {
        const std::size_t i = first + (backwards ? groups - 1 - g : g) * group;
        alignas(64) T y[group];
        [&]<std::size_t... r>(std::index_sequence<r...>) __attribute__((always_inline)) {
          dots<S, k, row>(std::index_sequence<r...>{}, i, a + static_cast<std::ptrdiff_t>(i) * row, x, y,
                          seen, diagonal, update(i + r)...);
        }(std::make_index_sequence<group>{});
        finish(i, y, std::integral_constant<std::size_t, group>{});
      }
      if constexpr (group > 1)
        self(self, first + groups * group, std::integral_constant<std::size_t, group / 2>{});
    };
    rows(rows, 0, std::integral_constant<std::size_t, least(most, least(S::lanes, 8))>{});
  } else {
    // So many vectors of rows at a time. What is between its load and its store, some 50 vectors on Zen 4, is
    // to stay in the first cache, also where columns are 4096 bytes or a multiple apart and each of the
    // vectors has but the lines of one set: 512 units of double take 115 us with 4 vectors, 32 us with 8.
    constexpr std::size_t most = 8;
    constexpr std::size_t lanes = decltype(simd_within<T, m>())::lanes, width = most * lanes,
                          square = has_diagonal ? least(m, k) : m,  // rows that may have one
        blocks = square / width, over = m - blocks * width, part = over % lanes;
    const auto block = [&](std::size_t first, auto rows, auto own) FREEFALL_INLINED {
      if constexpr (rows > 0) {
        scaled<own, k, column, step>(in_pieces<T, rows>(pieces<>{}), first, a, x, seen, update, diagonal,
                                     finish);
      }
    };
    constexpr std::integral_constant<std::size_t, width> all;
    for (std::size_t b = 0; b < blocks; ++b) block((backwards ? blocks - 1 - b : b) * width, all, all);
    // What is no whole vector goes along with few others.
    constexpr std::size_t alone = over > width / 2 ? part : 0, along = over - alone,
                          own = least(along, square - blocks * width);
    block(blocks * width, std::integral_constant<std::size_t, along>{},
          std::integral_constant<std::size_t, own>{});
    block(m - alone, std::integral_constant<std::size_t, alone>{},
          std::integral_constant<std::size_t, square - blocks * width - own>{});
  }
  seen_before = seen;
}

}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime

// The rows of a product that are stored, and nothing else is done with them: its tiles write them where they
// are to stand, and look on the way whether they are finite.
#pragma once

#include <cstddef>
#include <type_traits>

#include "freefall/runtime/arguments.hpp"
#include "freefall/runtime/simd.hpp"

namespace freefall::runtime {
inline namespace FREEFALL_INSTRUCTION_SET {

inline constexpr unchecked not_looked_at = {};

// What one function has seen of the vectors of S that it stored, for a finite<T> or for nothing: it returns
// this, so that the other can stay in registers.
template <class S, class Seen>
class seen_here {
  using mask = typename S::mask;
  mask largest_ = {};

  [[gnu::always_inline]] static mask larger(mask a, mask b) { return a > b ? a : b; }
  // By halves: one after the other, each would wait for the one before.
  template <std::size_t first, std::size_t count, class Sums>
  [[gnu::always_inline]] static mask largest_of(const Sums& sum) {
    if constexpr (count == 1) {
      return Seen::template magnitude<S>(sum(first));
    } else {
      return larger(largest_of<first, count / 2>(sum), largest_of<first + count / 2, count - count / 2>(sum));
    }
  }

 public:
  // sum(0), ..., sum(count - 1).
  template <std::size_t count, class Sums>
  [[gnu::always_inline]] void add(const Sums& sum) {
    largest_ = larger(largest_, largest_of<0, count>(sum));
  }
  [[gnu::always_inline]] void tell(Seen& seen) const { seen.template add_magnitudes<S>(largest_); }
};
template <class S>
class seen_here<S, const unchecked> {
 public:
  template <std::size_t, class Sums>
  [[gnu::always_inline]] void add(const Sums&) {}
  [[gnu::always_inline]] void tell(const unchecked&) const {}
};

// A finish of tiled_product, counted_rows and small_product: row i stands at c + i * row. Seen: a finite<T>,
// or nothing.
template <class T, std::ptrdiff_t row_, class Seen = const unchecked>
struct stored_rows {
  static constexpr std::ptrdiff_t row = row_;
  T* c;
  Seen& seen = not_looked_at;

  [[gnu::always_inline]] T* at(std::size_t i) const { return c + static_cast<std::ptrdiff_t>(i) * row; }
  // The rows from i on.
  [[gnu::always_inline]] stored_rows from(std::size_t i) const { return {at(i), seen}; }
  template <std::size_t count>
  [[gnu::always_inline]] void operator()(std::size_t i, std::size_t first, const T* sum,
                                         std::integral_constant<std::size_t, count> n) const {
    copy(at(i) + first, sum, n);
    seen& whole<count, T>{sum};
  }
  // All of row i, where what stands behind its sums, to the end of a vector of S, may be read too.
  template <class S, std::size_t count>
  [[gnu::always_inline]] void padded(std::size_t i, const T* sum,
                                     std::integral_constant<std::size_t, count> n) const {
    copy(at(i), sum, n);
    constexpr std::size_t whole_vectors = count / S::lanes * S::lanes;
    FREEFALL_UNROLLED
    for (std::size_t j = 0; j < whole_vectors; j += S::lanes) seen.template add<S>(S::load(sum + j));
    if constexpr (whole_vectors < count)
      seen.template add<S>(S::keep(S::load(sum + whole_vectors), ~S::lanes_from(count - whole_vectors)));
  }

 private:
  template <std::size_t count>
  [[gnu::always_inline]] static void copy(T* to, const T* sum, std::integral_constant<std::size_t, count>) {
    FREEFALL_INDEPENDENT
    for (std::size_t j = 0; j < count; ++j) to[j] = sum[j];
  }
};

template <class Finish>
inline constexpr bool is_stored = false;
template <class T, std::ptrdiff_t row, class Seen>
inline constexpr bool is_stored<stored_rows<T, row, Seen>> = true;

}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime

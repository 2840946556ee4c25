// Innermost loops in lanes: sums and maxima, in an order that depends on the instruction set alone, stores
// that note whether what they store is finite, and rows whose end is no whole vector.
#pragma once

#include <bit>
#include <cstddef>
#include <type_traits>

#include "freefall/runtime/arguments.hpp"
#include "freefall/runtime/simd.hpp"
#include "freefall/runtime/status.hpp"

namespace freefall::runtime {
inline namespace FREEFALL_INSTRUCTION_SET {
namespace innermost_detail {

// What a vector of `bytes_`, or one number, has added up.
template <class T, std::size_t bytes_>
struct total {
  static constexpr std::size_t bytes = bytes_;
  using S = simd<T, bytes>;
  typename S::vector sum;

  [[gnu::always_inline]] explicit total(typename S::vector x) : sum(x) {}
  [[gnu::always_inline]] void take(const total& other) { sum += other.sum; }
  [[gnu::always_inline]] auto lower() const { return total<T, bytes / 2>(S::lower(sum)); }
  [[gnu::always_inline]] auto upper() const { return total<T, bytes / 2>(S::upper(sum)); }
};
template <class T>
struct total<T, sizeof(T)> {
  static constexpr std::size_t bytes = sizeof(T);
  T sum;
  [[gnu::always_inline]] explicit total(T x) : sum(x) {}
  [[gnu::always_inline]] void take(const total& other) { sum += other.sum; }
  [[gnu::always_inline]] T value() const { return sum; }
};

template <class T>
inline constexpr exponent_bits<T> infinity_bits =
    exponent_detail::exponent_test<T>::magnitude + 1 - exponent_detail::exponent_test<T>::carry;
template <class T, std::size_t bytes>
struct halved_largest;

// The largest numbers that it has seen, and the largest bits without a sign: those of a NaN, where one was
// among them. A maximum that keeps NaN would take three times as long, and each waits for the one before.
template <class T, std::size_t bytes_>
struct largest {
  static constexpr std::size_t bytes = bytes_;
  using S = simd<T, bytes>;
  typename S::vector number;
  typename S::mask magnitude;

  [[gnu::always_inline]] explicit largest(typename S::vector x)
      : number(x),
        magnitude((typename S::mask)x &
                  static_cast<typename S::integer>(exponent_detail::exponent_test<T>::magnitude)) {}
  [[gnu::always_inline]] void take(const largest& other) {
    number = other.number > number ? other.number : number;
    magnitude = other.magnitude > magnitude ? other.magnitude : magnitude;
  }
  // Not 0 if a NaN was among them.
  [[gnu::always_inline]] unsigned nan() const { return S::above(magnitude, infinity_bits<T>); }
  [[gnu::always_inline]] auto lower() const { return halved_largest<T, bytes / 2>(S::lower(number), nan()); }
  [[gnu::always_inline]] auto upper() const { return halved_largest<T, bytes / 2>(S::upper(number), 0); }
};
template <class T>
struct largest<T, sizeof(T)> {
  static constexpr std::size_t bytes = sizeof(T);
  using test = exponent_detail::exponent_test<T>;
  T number;
  unsigned nan_;

  [[gnu::always_inline]] explicit largest(T x)
      : largest(x, (std::bit_cast<typename test::word>(x) & test::magnitude) > infinity_bits<T>) {}
  [[gnu::always_inline]] largest(T x, unsigned nan) : number(x), nan_(nan) {}
  [[gnu::always_inline]] void take(const largest& other) {
    number = other.number > number ? other.number : number;
    nan_ |= other.nan_;
  }
  [[gnu::always_inline]] unsigned nan() const { return nan_; }
  [[gnu::always_inline]] T value() const { return nan_ != 0 ? std::bit_cast<T>(test::magnitude) : number; }
};
// The larger numbers of two halves; one test has shown whether a NaN was among them.
template <class T, std::size_t bytes_>
struct halved_largest {
  static constexpr std::size_t bytes = bytes_;
  using S = simd<T, bytes>;
  typename S::vector number;
  unsigned nan;

  [[gnu::always_inline]] halved_largest(typename S::vector x, unsigned n) : number(x), nan(n) {}
  [[gnu::always_inline]] void take(const halved_largest& other) {
    number = other.number > number ? other.number : number;
    nan |= other.nan;
  }
  [[gnu::always_inline]] void take(const largest<T, bytes>& other) {
    take(halved_largest(other.number, other.nan()));
  }
  [[gnu::always_inline]] auto lower() const { return halved_largest<T, bytes / 2>(S::lower(number), nan); }
  [[gnu::always_inline]] auto upper() const { return halved_largest<T, bytes / 2>(S::upper(number), 0); }
};
template <class T>
struct halved_largest<T, sizeof(T)> : largest<T, sizeof(T)> {
  using largest<T, sizeof(T)>::largest;
};

// Notes whether the numbers that pass through it are finite: the largest bits without a sign.
template <class T>
struct note {
  exponent_bits<T> largest = 0;
  [[gnu::always_inline]] T operator()(T x) {
    const auto magnitude = std::bit_cast<exponent_bits<T>>(x) & exponent_detail::exponent_test<T>::magnitude;
    largest = magnitude > largest ? magnitude : largest;
    return x;
  }
};
// A function of an index and of a note; what it notes goes to `seen`.
template <class T, class F>
struct noting {
  const F& f;
  finite<T>& seen;
};

// f(first), f(first + 1), ... in the lanes of S.
template <class T, class S, class F>
[[gnu::always_inline]] inline typename S::vector lanes_of(std::size_t first, const F& f) {
  T values[S::lanes];
  FREEFALL_INDEPENDENT
  for (std::size_t lane = 0; lane < S::lanes; ++lane) values[lane] = f(first + lane);
  return S::load(values);
}
template <class T, class S, class F>
[[gnu::always_inline]] inline typename S::vector lanes_of(std::size_t first, const noting<T, F>& g) {
  T values[S::lanes], magnitudes[S::lanes];
  FREEFALL_INDEPENDENT
  for (std::size_t lane = 0; lane < S::lanes; ++lane) {
    note<T> noted;
    values[lane] = g.f(first + lane, noted);
    magnitudes[lane] = std::bit_cast<T>(noted.largest);
  }
  g.seen.template add_magnitudes<S>((typename S::mask)S::load(magnitudes));
  return S::load(values);
}
template <class T, class F>
[[gnu::always_inline]] inline auto one_of(std::size_t i, const F& f) {
  return f(i);
}
template <class T, class F>
[[gnu::always_inline]] inline auto one_of(std::size_t i, const noting<T, F>& g) {
  note<T> noted;
  if constexpr (std::is_void_v<decltype(g.f(i, noted))>) {
    g.f(i, noted);
    g.seen |= carried(std::bit_cast<T>(noted.largest));
  } else {
    const T out = g.f(i, noted);
    g.seen |= carried(std::bit_cast<T>(noted.largest));
    return out;
  }
}

// Takes the lanes of a vector and f of n numbers from `first` on, fewer than these, into one number: by
// halves, and with each half as many of the rest.
template <std::size_t n, template <class, std::size_t> class State, class T, class Lanes, class F>
[[gnu::always_inline]] inline void take_across(State<T, sizeof(T)>& so_far, const Lanes& lanes,
                                               std::size_t first, const F& f) {
  if constexpr (Lanes::bytes == sizeof(T)) {
    so_far.take(lanes);
  } else {
    using half = simd<T, Lanes::bytes / 2>;
    constexpr std::size_t more = Lanes::bytes / 2 / sizeof(T), taken = n >= more ? more : 0;
    auto lower = lanes.lower();
    lower.take(lanes.upper());
    if constexpr (taken == 1) {
      lower.take(State<T, sizeof(T)>(one_of<T>(first, f)));
    } else if constexpr (taken > 1) {
      lower.take(State<T, half::bytes>(lanes_of<T, half>(first, f)));
    }
    take_across<n - taken>(so_far, lower, first + taken, f);
  }
}

// f of the n numbers from `first` on. So many vectors at a time hide how long one operation takes.
template <template <class, std::size_t> class State, std::size_t n, std::size_t vectors, class T, class F>
[[gnu::always_inline]] inline void reduce(State<T, sizeof(T)>& so_far, std::size_t first, const F& f) {
  if constexpr (n == 1) {
    so_far.take(State<T, sizeof(T)>(one_of<T>(first, f)));
  } else if constexpr (n > 1) {
    using S = decltype(simd_within<T, n>());
    using lanes = State<T, S::bytes>;
    constexpr std::size_t whole = n / S::lanes, abreast = least(vectors, whole), block = abreast * S::lanes;
    const auto next = [&](std::size_t i)
                          __attribute__((always_inline)) { return lanes(lanes_of<T, S>(i, f)); };
    lanes a = next(first), b = a, c = a, d = a;
    if constexpr (abreast > 1) b = next(first + S::lanes);
    if constexpr (abreast > 2) c = next(first + 2 * S::lanes);
    if constexpr (abreast > 3) d = next(first + 3 * S::lanes);
    for (std::size_t i = first + block; i + block <= first + n; i += block) {
      a.take(next(i));
      if constexpr (abreast > 1) b.take(next(i + S::lanes));
      if constexpr (abreast > 2) c.take(next(i + 2 * S::lanes));
      if constexpr (abreast > 3) d.take(next(i + 3 * S::lanes));
    }
    const std::size_t rest = first + whole / abreast * block;
    if constexpr (whole % abreast > 0) a.take(next(rest));
    if constexpr (whole % abreast > 1) b.take(next(rest + S::lanes));
    if constexpr (whole % abreast > 2) c.take(next(rest + 2 * S::lanes));
    if constexpr (abreast > 2) a.take(c);
    if constexpr (abreast > 3) b.take(d);
    if constexpr (abreast > 1) a.take(b);
    take_across<n % S::lanes>(so_far, a, first + whole * S::lanes, f);
  }
}

// f(i) for each first number i of a vector of S, of n from `first` on that are whole vectors.
template <std::size_t n, bool abreast, class S, class F>
[[gnu::always_inline]] inline void each_vector(std::size_t first, const F& f) {
  if constexpr (abreast) {
    FREEFALL_ABREAST
    for (std::size_t i = first; i < first + n; i += S::lanes) f(i);
  } else {
    for (std::size_t i = first; i < first + n; i += S::lanes) f(i);
  }
}

// to[i] = f(i) for the lanes of S from i on.
template <class S, class T, class Seen, class F>
[[gnu::always_inline]] inline void set_lanes(T* to, Seen& seen, std::size_t i, const F& f) {
  const typename S::vector x = lanes_of<T, S>(i, f);
  S::store(to + i, x);
  seen.template add<S>(x);
}

// to[i] = f(i) for n numbers, where f does not read `to`: the last vector may have some of the one before
// again.
template <std::size_t n, bool abreast, class T, class Seen, class F>
[[gnu::always_inline]] inline void set(T* to, Seen& seen, const F& f) {
  using S = decltype(simd_within<T, n>());
  // The last before the others: what comes next loads whole vectors from the first on, and each of them was
  // stored as one.
  if constexpr (n % S::lanes != 0) set_lanes<S>(to, seen, n - S::lanes, f);
  each_vector<n / S::lanes * S::lanes, abreast, S>(
      0, [&](std::size_t i) __attribute__((always_inline)) { set_lanes<S>(to, seen, i, f); });
}

// to[first] = f(first), ... for n numbers.
template <std::size_t n, bool abreast, class T, class F>
[[gnu::always_inline]] inline void store(T* to, finite<T>& seen, std::size_t first, const F& f) {
  if constexpr (n == 1) {
    to[first] = f(first);
    seen |= carried(to[first]);
  } else if constexpr (n > 1) {
    using S = decltype(simd_within<T, n>());
    constexpr std::size_t whole = n / S::lanes * S::lanes;
    each_vector<whole, abreast, S>(
        first, [&](std::size_t i) __attribute__((always_inline)) { set_lanes<S>(to, seen, i, f); });
    store<n - whole, abreast>(to, seen, first + whole, f);
  }
}

// f(first), ... in the lanes of S, of several vectors in one loop: what a compiler is quickest with.
template <class T, class S, std::size_t vectors = 1, class F>
[[gnu::always_inline]] inline void each_lane(std::size_t first, const F& f) {
  FREEFALL_INDEPENDENT
  for (std::size_t i = first; i < first + vectors * S::lanes; ++i) f(i);
}
template <class T, class S, std::size_t vectors = 1, class F>
[[gnu::always_inline]] inline void each_lane(std::size_t first, const noting<T, F>& g) {
  if constexpr (vectors > 1)
    return each_vector<vectors * S::lanes, false, S>(
        first, [&](std::size_t i) __attribute__((always_inline)) { each_lane<T, S>(i, g); });
  const auto zero = [&](std::size_t i, note<T>& noted) __attribute__((always_inline)) {
    g.f(i, noted);
    return T(0);
  };
  lanes_of<T, S>(first, noting<T, decltype(zero)>{zero, g.seen});
}

// Not 0 if one of n numbers is positive. Their bits as a whole number tell.
template <std::size_t n, class T>
[[gnu::always_inline]] inline unsigned positive(const T* p) {
  if constexpr (n == 0) {
    return 0;
  } else if constexpr (n == 1) {
    return *p > T(0);
  } else {
    using S = decltype(simd_within<T, n>());
    unsigned out = 0;
    for (std::size_t i = 0; i + S::lanes <= n; i += S::lanes)
      out |= S::above((typename S::mask)S::load(p + i), 0);
    return out | positive<n % S::lanes>(p + n / S::lanes * S::lanes);
  }
}

// f(first), ... for n numbers.
template <std::size_t n, bool abreast, class T, class F>
[[gnu::always_inline]] inline void each(std::size_t first, const F& f) {
  if constexpr (n == 1) {
    one_of<T>(first, f);
  } else if constexpr (n > 1) {
    using S = decltype(simd_within<T, n>());
    constexpr std::size_t whole = n / S::lanes * S::lanes;
    if constexpr (abreast) {
      each_vector<whole, true, S>(
          first, [&](std::size_t i) __attribute__((always_inline)) { each_lane<T, S>(i, f); });
    } else {
      each_lane<T, S, n / S::lanes>(first, f);
    }
    each<n - whole, abreast, T>(first + whole, f);
  }
}

}  // namespace innermost_detail

// to += f(0) + ... + f(n - 1), `vectors` vectors at a time, at most 4. f is called once for each number, in
// any order, and may store to rows of its own.
template <std::size_t n, std::size_t vectors, class T, class F>
[[gnu::always_inline]] inline void add_over(T& to, const F& f) {
  static_assert(vectors <= 4);
  innermost_detail::total<T, sizeof(T)> sum(to);
  innermost_detail::reduce<innermost_detail::total, n, vectors>(sum, 0, f);
  to = sum.value();
}
// Likewise with f(i, note): numbers that f stores pass through the note, and seen knows whether all were
// finite.
template <std::size_t n, std::size_t vectors, class T, class F>
[[gnu::always_inline]] inline void add_over(T& to, finite<T>& seen, const F& f) {
  finite<T> noted = seen;  // in registers
  add_over<n, vectors>(to, innermost_detail::noting<T, F>{f, noted});
  seen = noted;
}
// to = the largest of itself and f(0), ..., f(n - 1), likewise; a NaN among them is kept.
template <std::size_t n, std::size_t vectors, class T, class F>
[[gnu::always_inline]] inline void maximum_over(T& to, const F& f) {
  static_assert(vectors <= 4);
  innermost_detail::largest<T, sizeof(T)> found(to);
  innermost_detail::reduce<innermost_detail::largest, n, vectors>(found, 0, f);
  to = found.value();
}
template <std::size_t n, std::size_t vectors, class T, class F>
[[gnu::always_inline]] inline void maximum_over(T& to, finite<T>& seen, const F& f) {
  finite<T> noted = seen;
  maximum_over<n, vectors>(to, innermost_detail::noting<T, F>{f, noted});
  seen = noted;
}

// Whether one of p[0], ..., p[n - 1] is positive; a NaN may count as positive.
template <std::size_t n, class T>
[[gnu::always_inline]] inline bool any_positive(const T* p) {
  return innermost_detail::positive<n>(p) != 0;
}

// `abreast` of the following: f takes long, and several vectors go side by side (FREEFALL_ABREAST).
//
// to[i] = f(i) for i < n, where f takes long and does not read `to`: no element is worked out alone.
template <std::size_t n, bool abreast = false, class T, class F>
[[gnu::always_inline]] inline void set_over(T* to, const F& f) {
  unchecked nothing;
  innermost_detail::set<n, abreast>(to, nothing, f);
}
template <std::size_t n, bool abreast = false, class T, class F>
[[gnu::always_inline]] inline void set_over(T* to, finite<T>& seen, const F& f) {
  innermost_detail::set<n, abreast>(to, seen, f);
}
// f(i) for i < n, where no call touches what another does. Rows are stored in the vectors in which the others
// here load them: what was stored in pieces would have to reach the cache before it is loaded as one.
template <std::size_t n, class T, bool abreast = false, class F>
[[gnu::always_inline]] inline void each_over(const F& f) {
  innermost_detail::each<n, abreast, T>(0, f);
}
template <std::size_t n, class T, bool abreast = false, class F>
[[gnu::always_inline]] inline void each_over(finite<T>& seen, const F& f) {
  finite<T> noted = seen;
  innermost_detail::each<n, abreast, T>(0, innermost_detail::noting<T, F>{f, noted});
  seen = noted;
}
// f(i) for i < n, where f takes long and no call touches what another does. Some are called twice, one after
// the other, so that no element is worked out alone; the last vector goes before the others, as in set_over.
template <std::size_t n, class T, class F>
[[gnu::always_inline]] inline void rows_over(const F& f) {
  using S = decltype(simd_within<T, n>());
  if constexpr (n % S::lanes != 0) innermost_detail::each_lane<T, S>(n - S::lanes, f);
  innermost_detail::each_vector<n / S::lanes * S::lanes, true, S>(
      0, [&](std::size_t i) __attribute__((always_inline)) { innermost_detail::each_lane<T, S>(i, f); });
}
template <std::size_t n, class T, class F>
[[gnu::always_inline]] inline void rows_over(finite<T>& seen, const F& f) {
  finite<T> noted = seen;
  rows_over<n, T>(innermost_detail::noting<T, F>{f, noted});
  seen = noted;
}
// to[i] = f(i) for i < n; seen knows whether all were finite. f reads no other element of `to` than its own.
template <std::size_t n, bool abreast = false, class T, class F>
[[gnu::always_inline]] inline void store_over(T* to, finite<T>& seen, const F& f) {
  innermost_detail::store<n, abreast>(to, seen, 0, f);
}

}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime

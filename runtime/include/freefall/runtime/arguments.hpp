// Checks at the boundary of a kernel: arrays that are there, numbers that are finite. Free of heap and
// exceptions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "freefall/runtime/simd.hpp"
#include "freefall/runtime/status.hpp"

namespace freefall::runtime {
inline namespace FREEFALL_INSTRUCTION_SET {

// `count` runs of elements in use, `stride` apart.
struct runs {
  std::size_t count = 1, stride = 0;
};

// One array of a call: the elements in use, and whether the kernel reads them before it writes them. Where a
// plate lies inside another axis the elements in use lie in runs, the innermost of `elements`; `outside` says
// how they repeat, the outermost first.
template <class T, std::size_t Depth = 1>
struct argument {
  const char* name;
  const T* data;
  std::size_t elements;
  bool read_first;
  std::array<runs, Depth> outside{};

  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  // The first position that find(run) tells of the innermost runs, or `none`. `find` returns a position in
  // its run, or the number of its elements.
  template <class Find, std::size_t Level = 0>
  [[nodiscard]] constexpr std::size_t first(const Find& find, std::size_t offset = 0) const {
    if constexpr (Level == Depth) {
      const std::size_t at = find(data + offset, elements);
      return at == elements ? none : offset + at;
    } else {
      for (std::size_t n = 0; n < outside[Level].count; ++n) {
        const std::size_t at = first<Find, Level + 1>(find, offset + n * outside[Level].stride);
        if (at != none) return at;
      }
      return none;
    }
  }
  // Flat index of the first NaN or infinity in use, or `none`.
  [[nodiscard]] constexpr std::size_t first_bad() const {
    return first([](const T* run, std::size_t count) { return first_not_finite(run, count); });
  }
  // Elements up to the last in use.
  [[nodiscard]] constexpr std::size_t span() const {
    std::size_t out = elements;
    for (const runs& r : outside) out += (r.count - 1) * r.stride;
    return out;
  }
};

// All of an array of known size.
template <std::size_t n, class T>
struct whole {
  const T* data;
};

// The largest bits without a sign that were seen in vectors of `bytes` and in narrower ones, down to two
// lanes: those of an infinity or a NaN are larger than those of any number.
template <class T, std::size_t bytes>
class seen_lanes {
  using S = simd<T, bytes>;
  using integer = typename S::integer;
  static constexpr bool is_narrowest = bytes == 16;  // half of one has a test of its own nowhere

 public:
  // Of vectors with the lanes of P.
  template <class P>
  [[gnu::always_inline]] void add(typename P::mask seen) {
    if constexpr (P::bytes == bytes) {
      seen_ = S::is_known_zero(seen_) ? seen : larger<S>(seen_, seen);
    } else if constexpr (P::lanes == 2 && S::lanes == 4) {
      add<S>(typename S::mask{seen[0], seen[1], 0, 0});
    } else {
      narrower_.template add<P>(seen);
    }
  }
  // 0 if none is larger.
  [[gnu::always_inline]] unsigned above(integer limit) const {
    const unsigned here = S::is_known_zero(seen_) ? 0 : S::above(seen_, limit);
    if constexpr (is_narrowest) {
      return here;
    } else {
      return here | narrower_.above(limit);
    }
  }

  template <class P>
  [[gnu::always_inline]] static typename P::mask larger(typename P::mask a, typename P::mask b) {
    return a > b ? a : b;
  }

 private:
  struct none {};
  typename S::mask seen_{};
  [[no_unique_address]] std::conditional_t<is_narrowest, none, seen_lanes<T, bytes / 2>> narrower_;
};

// True if none of the arrays, each a whole<n> or an argument, holds a NaN or infinity: no table of arrays in
// memory and one test at the end, for kernels that take less time than telling which array is at fault.
template <class T>
class finite {
  using word = exponent_bits<T>;

 public:
  finite() = default;
  // What another knows.
  [[gnu::always_inline]] explicit finite(word bits) : one_(bits) {}
  [[gnu::always_inline]] word bits() const {
    return bool(*this) ? 0 : exponent_detail::exponent_test<T>::sign;
  }
  template <std::size_t n>
  [[gnu::always_inline]] finite& operator&(whole<n, T> a) {
    if constexpr (n == 0) {
      // Nothing is left.
    } else if constexpr (n == 1) {
      one_ |= exponent_detail::carried(*a.data);
    } else {
      part(a.data, std::integral_constant<std::size_t, n>{}, simd_within<T, n>());
    }
    return *this;
  }
  template <std::size_t Depth>
  [[gnu::always_inline]] finite& operator&(const argument<T, Depth>& a) {
    const bool bad = a.first_bad() != a.none;
    one_ |= bad ? exponent_detail::exponent_test<T>::sign : word{0};
    return *this;
  }
  template <std::size_t n>
  [[gnu::always_inline]] void look_at(const T* p) {
    *this& whole<n, T>{p};
  }
  // What another thread has seen; several at a time.
  void join(const finite& other) {
    if (!bool(other)) __atomic_fetch_or(&one_, exponent_detail::exponent_test<T>::sign, __ATOMIC_RELAXED);
  }
  // Bits that were carried; a vector of numbers.
  [[gnu::always_inline]] finite& operator|=(word bits) {
    one_ |= bits;
    return *this;
  }
  template <class P>
  [[gnu::always_inline]] void add(typename P::vector x) {
    seen_.template add<P>(magnitude<P>(x));
  }
  // The largest bits without a sign of as many numbers.
  template <class P>
  [[gnu::always_inline]] void add_magnitudes(typename P::mask seen) {
    seen_.template add<P>(seen);
  }
  // The bits of a vector without a sign.
  template <class P>
  [[gnu::always_inline]] static typename P::mask magnitude(typename P::vector x) {
    return (typename P::mask)x &
           static_cast<typename P::integer>(exponent_detail::exponent_test<T>::magnitude);
  }
  [[gnu::always_inline]] explicit operator bool() const {
    using test = exponent_detail::exponent_test<T>;
    constexpr word largest = test::magnitude - test::carry;  // of a number
    return ((one_ & test::sign) | seen_.above(largest)) == 0;
  }

 private:
  template <std::size_t n, class P>
  [[gnu::always_inline]] void part(const T* p, std::integral_constant<std::size_t, n>, P) {
    auto seen = magnitude<P>(P::load(p));
    std::size_t i = P::lanes;
    const auto take = [&](typename P::mask& into, std::size_t vector) __attribute__((always_inline)) {
      into = seen_.template larger<P>(into, magnitude<P>(P::load(p + i + vector * P::lanes)));
    };
    if constexpr (n >= 64 * P::lanes) {  // two at a time, as each waits for the one before
      auto other = seen;
      for (; i + 4 * P::lanes <= n; i += 4 * P::lanes) {
        take(seen, 0);
        take(other, 1);
        take(seen, 2);
        take(other, 3);
      }
      seen = seen_.template larger<P>(seen, other);
    }
    for (; i + P::lanes <= n; i += P::lanes) take(seen, 0);
    seen_.template add<P>(seen);
    // Not one vector over the last elements and some before them: what was stored just now in two pieces
    // would have to reach the cache before it can be loaded as one.
    *this& whole<n % P::lanes, T>{p + n / P::lanes * P::lanes};
  }
  seen_lanes<T, FREEFALL_VECTOR_BYTES> seen_;
  word one_ = 0;
};

// In place of a finite<T>, where the elements are not checked here.
struct unchecked {
  template <class P>
  [[gnu::always_inline]] void add(typename P::vector) const {}
  template <class P>
  [[gnu::always_inline]] void add_magnitudes(typename P::mask) const {}
  template <class Word>
  [[gnu::always_inline]] void operator|=(Word) const {}
  template <std::size_t n, class T>
  [[gnu::always_inline]] void operator&(whole<n, T>) const {}
};

// A fault for the first null array (found 0, expected its elements), or the first NaN or infinity in what is
// read.
template <class T, std::size_t Depth, std::size_t N>
[[nodiscard, gnu::noinline, gnu::cold]] status check_arguments(const char* kernel,
                                                               const argument<T, Depth> (&arguments)[N]) {
  for (const auto& a : arguments) {
    if (a.data == nullptr) return {fault::null_argument, kernel, a.name, 0, 0, a.span()};
  }
  for (const auto& a : arguments) {
    if (!a.read_first) continue;
    if (const std::size_t bad = a.first_bad(); bad != a.none) {
      return {fault::not_finite, kernel, a.name, bad, 0, 0};
    }
  }
  return {};
}

inline constexpr std::size_t workspace_alignment = 64;
// A workspace must be there and start at a multiple of 64 bytes.
[[nodiscard, gnu::always_inline]] inline bool is_workspace(const void* workspace) {
  return workspace != nullptr && reinterpret_cast<std::uintptr_t>(workspace) % workspace_alignment == 0;
}
// What one of the given size lacks.
[[nodiscard, gnu::noinline, gnu::cold]] inline status check_workspace(const char* kernel,
                                                                      const void* workspace,
                                                                      std::size_t bytes) {
  if (workspace == nullptr) return {fault::null_argument, kernel, "workspace", 0, 0, bytes};
  if (is_workspace(workspace)) return {};
  const std::size_t past = reinterpret_cast<std::uintptr_t>(workspace) % workspace_alignment;
  return {fault::misaligned_argument, kernel, "workspace", 0, past, workspace_alignment};
}

// A fault for the first element of the diagonal of a square array [n, n] that is not zero.
template <class T>
[[nodiscard]] status check_zero_diagonal(const char* kernel, const char* name, const T* data, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    if (data[i * (n + 1)] != T(0)) return {fault::diagonal_not_zero, kernel, name, i * (n + 1), 0, 0};
  }
  return {};
}

// A fault for the first element in use that is no index 0 .. extent - 1.
template <class T, std::size_t Depth>
[[nodiscard]] status check_indices(const char* kernel, const argument<T, Depth>& a, std::size_t extent) {
  const std::size_t bad = a.first([extent](const T* run, std::size_t count) {
    std::size_t i = 0;
    while (i < count && run[i] >= T(0) && run[i] < static_cast<T>(extent) &&
           run[i] == static_cast<T>(static_cast<std::size_t>(run[i])))
      ++i;
    return i;
  });
  return bad == a.none ? status{} : status{fault::not_an_index, kernel, a.name, bad, 0, extent};
}

// `diverged` for the first array written that holds a NaN or infinity.
template <class T, std::size_t Depth, std::size_t N>
[[nodiscard, gnu::noinline, gnu::cold]] status check_results(const char* kernel,
                                                             const argument<T, Depth> (&results)[N]) {
  for (const auto& r : results) {
    if (const std::size_t bad = r.first_bad(); bad != r.none) {
      return {fault::diverged, kernel, r.name, bad, 0, 0};
    }
  }
  return {};
}

}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime

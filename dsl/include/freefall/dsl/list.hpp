#pragma once
// Small sets of types: the axes of an expression, the symbols it reads.

#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>

namespace freefall {

/// The free axes of an expression, sorted by name, `x` before `x.prime()`.
template <class... Axes>
struct indices {};

/// What an expression depends on: declared symbols and functionals, each once.
template <class... Symbols>
struct reads {};

/// Any types in order: arguments, factors, members.
template <class... Ts>
struct types {};

namespace detail {

template <class T, class List>
inline constexpr bool contains = false;
template <class T, template <class...> class List, class... Ts>
inline constexpr bool contains<T, List<Ts...>> = (std::is_same_v<T, Ts> || ...);

template <class List>
inline constexpr std::size_t length = 0;
template <template <class...> class List, class... Ts>
inline constexpr std::size_t length<List<Ts...>> = sizeof...(Ts);

template <class A, class B>
inline constexpr bool subset = false;
template <template <class...> class List, class... As, class B>
inline constexpr bool subset<List<As...>, B> = (contains<As, B> && ...);

/// The elements of a list one after the other; for `reads`, each once.
template <class... Lists>
struct concat;
template <template <class...> class List, class... As>
struct concat<List<As...>> {
  using type = List<As...>;
};
template <template <class...> class List, class... As, class... Bs, class... Rest>
struct concat<List<As...>, List<Bs...>, Rest...> : concat<List<As..., Bs...>, Rest...> {};

/// The elements for which Keep<T>::value, in order.
template <class List, template <class> class Keep>
struct filter;
template <template <class...> class List, class... Ts, template <class> class Keep>
struct filter<List<Ts...>, Keep> : concat<List<>, std::conditional_t<Keep<Ts>::value, List<Ts>, List<>>...> {
};

template <class A, class B>
struct difference;
template <template <class...> class List, class... As, class B>
struct difference<List<As...>, B> : concat<List<>, std::conditional_t<contains<As, B>, List<>, List<As>>...> {
};

template <class A, class B>
struct intersection;
template <template <class...> class List, class... As, class B>
struct intersection<List<As...>, B>
    : concat<List<>, std::conditional_t<contains<As, B>, List<As>, List<>>...> {};

/// Union in order of first occurrence.
template <class... Lists>
struct merge;
template <class A>
struct merge<A> {
  using type = A;
};
template <class A, class B>
struct merge<A, B> : concat<A, typename difference<B, A>::type> {};
template <class A, class B, class C, class... Rest>
struct merge<A, B, C, Rest...> : merge<typename merge<A, B>::type, C, Rest...> {};

template <class List>
struct first;
template <template <class...> class List, class T, class... Ts>
struct first<List<T, Ts...>> {
  using type = T;
};

// ---- axes: sorted sets
// --------------------------------------------------------------------------------------------

template <class A, class B>
inline constexpr bool before = A::text < B::text || (A::text == B::text && A::level < B::level);

template <class X, class List>
struct insert;
template <class X>
struct insert<X, indices<>> {
  using type = indices<X>;
};
template <class X, class T, class... Ts>
struct insert<X, indices<T, Ts...>> {
  template <bool Here, class = void>
  struct place {
    using type = indices<X, T, Ts...>;
  };
  template <class Unused>
  struct place<false, Unused> : concat<indices<T>, typename insert<X, indices<Ts...>>::type> {};
  using type = typename place<before<X, T>>::type;
};
template <class T, class... Ts>
struct insert<T, indices<T, Ts...>> {
  using type = indices<T, Ts...>;
};

/// The sorted union of sets of axes.
template <class A, class B>
struct unite;
template <class A>
struct unite<A, indices<>> {
  using type = A;
};
template <class A, class B, class... Bs>
struct unite<A, indices<B, Bs...>> : unite<typename insert<B, A>::type, indices<Bs...>> {};

template <class Axis>
struct is_summable : std::bool_constant<!Axis::is_plate> {};

/// Axes that are not plates: those a product may sum over.
template <class Indices>
using own_axes = typename filter<Indices, is_summable>::type;

// ---- names
// --------------------------------------------------------------------------------------------------------

/// Position of the first element whose text an element before it has, or the length of the list.
template <template <class...> class List, class... Ts>
consteval std::size_t first_duplicate(List<Ts...>) {
  constexpr std::size_t n = sizeof...(Ts);
  const std::array<std::string_view, n> texts{Ts::text...};
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (texts[i] == texts[j]) return i;
    }
  }
  return n;
}

template <std::size_t Position, class List>
struct nth;
template <std::size_t Position, template <class...> class List, class T, class... Ts>
struct nth<Position, List<T, Ts...>> : nth<Position - 1, List<Ts...>> {};
template <template <class...> class List, class T, class... Ts>
struct nth<0, List<T, Ts...>> {
  using type = T;
};

}  // namespace detail
}  // namespace freefall

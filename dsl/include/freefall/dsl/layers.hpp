#pragma once
// Networks of any depth, written once: folds over layers at compile time.
//
//   auto unit = join(pixel, layers<1, Depth - 1>([&](auto l) { return hidden[l]; }), label);
//   auto x    = join(image, h, digit);                         // layer 0 is the image
//   auto W    = layers<1, Depth>([&](auto l) { return parameter<"W">[l](unit[l], unit[l - 1_c]); });
//   auto p    = model<"net">(
//       layers<1, Depth>([&](auto l) { return x[l] <<= normal(W[l] * f(x[l - 1_c])); }));
//
// Declare symbols in statements of their own, as here: C++ leaves the order of the arguments of a call open,
// and the order of declaration is the order of the arguments of the kernels.
//
// A group keeps one thing a layer, each of its own type. model, family, descend and the schedules take groups
// and Hana tuples wherever they take single things.

#include <boost/hana/bool.hpp>
#include <boost/hana/equal.hpp>
#include <boost/hana/flatten.hpp>
#include <boost/hana/integral_constant.hpp>
#include <boost/hana/less.hpp>
#include <boost/hana/minus.hpp>
#include <boost/hana/not_equal.hpp>
#include <boost/hana/plus.hpp>
#include <boost/hana/tuple.hpp>
#include <utility>

#include "freefall/dsl/list.hpp"
#include "freefall/dsl/name.hpp"

namespace freefall {

namespace hana = boost::hana;
using boost::hana::literals::operator""_c;  // 1_c: a position known to the compiler

/// Things of layers First, First + 1, ...: `g[l]` is that of layer l.
template <int First, class... Ts>
struct group {
  static constexpr int first = First;
  /// The position of the last member.
  static constexpr int last = First + static_cast<int>(sizeof...(Ts)) - 1;
  /// The members, first to last.
  hana::tuple<Ts...> items;

  /// The member at a position.
  template <detail::static_position P>
  constexpr const auto& operator[](P) const {
    static_assert(P::value >= First && P::value <= last,
                  "freefall: this group has no such layer: layers<First, Last> has First to Last, join(...) "
                  "has 0, 1, ...");
    return hana::at_c<static_cast<std::size_t>(P::value - First)>(items);
  }
};

namespace detail {

template <class T>
constexpr hana::tuple<T> as_tuple(const T& single) {
  return hana::tuple<T>(single);
}
template <int First, class... Ts>
constexpr const hana::tuple<Ts...>& as_tuple(const group<First, Ts...>& g) {
  return g.items;
}
template <class... Ts>
constexpr const hana::tuple<Ts...>& as_tuple(const hana::tuple<Ts...>& several) {
  return several;
}

template <class T>
struct elements_of {
  using type = types<T>;
};
template <int First, class... Ts>
struct elements_of<group<First, Ts...>> {
  using type = types<Ts...>;
};
template <class... Ts>
struct elements_of<hana::tuple<Ts...>> {
  using type = types<Ts...>;
};
/// The types of what `flatten` gives. Checks are made on these, before anything is made of the arguments.
template <class... Args>
using elements = typename concat<types<>, typename elements_of<Args>::type...>::type;

/// Arguments, groups and tuples of them as one Hana tuple.
template <class... Args>
constexpr auto flatten(const Args&... args) {
  return hana::flatten(hana::make_tuple(as_tuple(args)...));
}

template <int First, class... Ts>
constexpr auto make_group(const hana::tuple<Ts...>& items) {
  return group<First, Ts...>{items};
}

}  // namespace detail

/// f(First), ..., f(Last), both included, each position a compile-time constant; none if Last < First.
template <int First, int Last, class F>
constexpr auto layers(F&& f) {
  if constexpr (Last < First) {
    return group<First>{};
  } else {
    return [&]<int... Steps>(std::integer_sequence<int, Steps...>) {
      return group<First, decltype(f(hana::int_c<First + Steps>))...>{{f(hana::int_c<First + Steps>)...}};
    }(std::make_integer_sequence<int, Last - First + 1>{});
  }
}

/// Things and groups of things one after the other, numbered from 0.
template <class... Args>
constexpr auto join(const Args&... args) {
  return detail::make_group<0>(detail::flatten(args...));
}

}  // namespace freefall

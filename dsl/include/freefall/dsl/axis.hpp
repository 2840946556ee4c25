#pragma once
// Axes and plates: types with a name and no size. Sizes are given when a model is specialised.
//
//   axis<"hidden"> hidden;           one axis
//   hidden[2_c]                      the axis "hidden2": a family of axes, one a layer
//   ticks<"t"> t;                    time: h[t] and h[t - 1] of a variable over t
//   branch<"first">(move)            a plate with one copy for each value of the axis, and its size: the
//                                    branches of a tree of policies
//   unit.prime()                     a second index on the same axis, for square couplings J(unit,
//   unit.prime()) plate<"batch"> batch;            independent copies of the model; never summed by a product

#include <source_location>

#include "codegen/ir/expr.hpp"
#include "freefall/dsl/diagnostics.hpp"
#include "freefall/dsl/list.hpp"
#include "freefall/dsl/name.hpp"

namespace freefall {

/// The second index on an axis.
template <fixed_string Name>
struct primed {
  /// Its name.
  static constexpr std::string_view text = Name.view();
  static constexpr int level = 1;
  static constexpr bool is_plate = false;
};

/// An axis: `axis<"hidden"> hidden;`. Its size is given when the model is specialised.
template <fixed_string Name>
struct axis {
  /// Its name.
  static constexpr std::string_view text = Name.view();
  static constexpr int level = 0;
  static constexpr bool is_plate = false;

  constexpr axis() { diagnostics::check_name<Name>(); }
  /// A second index on the same axis, for square couplings: `J(unit, unit.prime())`.
  constexpr primed<Name> prime() const { return {}; }
  /// `hidden[2_c]`: the axis "hidden2", one of a family.
  template <detail::static_position P>
  constexpr auto operator[](P) const {
    return axis<detail::indexed_name<Name, P::value>()>{};
  }
};

/// Time. Like a plate it is never summed by a product; x[t - 1] is x one tick before, zero before the first.
template <fixed_string Name>
struct ticks {
  /// Its name.
  static constexpr std::string_view text = Name.view();
  static constexpr int level = 0;
  /// Ticks follow each other and are no copies.
  static constexpr bool is_plate = true;  // as far as products go
  static constexpr bool is_ticks = true;

  constexpr ticks() { diagnostics::check_name<Name>(); }
};
/// A tick some ticks before the current one.
template <fixed_string Name>
struct earlier_tick {
  using time = ticks<Name>;
  /// How many ticks before.
  int lag = 1;
  std::source_location where;
};
namespace detail {
/// A number of ticks with the place it was written at.
struct lag {
  int ticks;
  std::source_location where;
  lag(int n, const std::source_location& at = std::source_location::current()) : ticks(n), where(at) {}
};
}  // namespace detail
/// `t - n`: n ticks before the current one, n at least 1. Throws ir::ModelError where it is read with
/// another.
template <fixed_string Name>
earlier_tick<Name> operator-(ticks<Name>, const detail::lag& lag) {
  return {lag.ticks, lag.where};
}

/// A plate: `plate<"batch"> batch;`, an axis of independent copies, over which no product sums.
template <fixed_string Name>
struct plate {
  /// Its name.
  static constexpr std::string_view text = Name.view();
  static constexpr int level = 0;
  static constexpr bool is_plate = true;

  constexpr plate() { diagnostics::check_name<Name>(); }
};

/// One copy for each value of an axis. Tables over the axis are read at the branch: B(before, first).
template <fixed_string Name, class Axis>
struct branch_of {
  /// Its name.
  static constexpr std::string_view text = Name.view();
  static constexpr int level = 0;
  static constexpr bool is_plate = true;
  using values = Axis;
};

namespace detail {

template <class T>
inline constexpr bool is_axis = false;
template <fixed_string Name, class Axis>
inline constexpr bool is_axis<branch_of<Name, Axis>> = true;
template <class T>
inline constexpr bool is_branch = false;
template <fixed_string Name, class Axis>
inline constexpr bool is_branch<branch_of<Name, Axis>> = true;
template <fixed_string Name>
inline constexpr bool is_axis<axis<Name>> = true;
template <fixed_string Name>
inline constexpr bool is_axis<primed<Name>> = true;
template <fixed_string Name>
inline constexpr bool is_axis<plate<Name>> = true;
template <fixed_string Name>
inline constexpr bool is_axis<ticks<Name>> = true;

/// Stands among the axes of a quantity in which something was reported.
struct mistaken_axis {
  static constexpr std::string_view text = "";
  static constexpr int level = 0;
  static constexpr bool is_plate = false;
};
template <>
inline constexpr bool is_axis<mistaken_axis> = true;
template <class T>
using axis_or_mistaken = std::conditional_t<is_axis<T>, T, mistaken_axis>;

/// Reports the first argument that is no axis, and the place it was given in.
template <class Place, class First, class... Rest>
constexpr void report_no_axis() {
  if constexpr (is_axis<First>) {
    report_no_axis<Place, Rest...>();
  } else {
    diagnostics::report<diagnostics::not_an_axis<Place, First>>();
  }
}

template <fixed_string Name>
struct branch_declaration {
  template <class Axis>
  constexpr auto operator()(Axis) const {
    diagnostics::check_name<Name>();
    using values = axis_or_mistaken<Axis>;
    if constexpr (!is_axis<Axis> || values::is_plate || values::level != 0)
      diagnostics::report<diagnostics::branch_of_no_axis<name<Name>, Axis>>();
    return branch_of<Name, values>{};
  }
};

/// x <-> x.prime(); a plate stays.
template <class Axis>
struct exchange {
  using type = Axis;
};
template <fixed_string Name>
struct exchange<axis<Name>> {
  using type = primed<Name>;
};
template <fixed_string Name>
struct exchange<primed<Name>> {
  using type = axis<Name>;
};

template <class Axis>
const ir::Axis* ir_axis(ir::Context& context) {
  if constexpr (is_branch<Axis>) {
    return context.axis(Axis::text, true, ir_axis<typename Axis::values>(context));
  } else {
    return context.axis(Axis::text, Axis::is_plate && !requires { Axis::is_ticks; });
  }
}
template <class Axis>
ir::Index ir_index(ir::Context& context) {
  return {ir_axis<Axis>(context), Axis::level};
}

}  // namespace detail

/// `branch<"first">(move)`: a plate with one copy for each value of the axis `move`, and of its size.
template <fixed_string Name>
inline constexpr detail::branch_declaration<Name> branch{};

template <class T>
concept axis_like = detail::is_axis<T>;

}  // namespace freefall

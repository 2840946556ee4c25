#pragma once
// Axes and plates: types with a name and no size. Sizes are given when a model is specialised.
//
//   axis<"hidden"> hidden;           one axis
//   hidden[2_c]                      the axis "hidden2": a family of axes, one a layer
//   ticks<"t"> t;                    time: h[t] and h[t - 1] of a variable over t
//   unit.prime()                     a second index on the same axis, for square couplings J(unit,
//   unit.prime()) plate<"batch"> batch;            independent copies of the model; never summed by a product

#include "codegen/ir/expr.hpp"
#include "freefall/dsl/diagnostics.hpp"
#include "freefall/dsl/list.hpp"
#include "freefall/dsl/name.hpp"

namespace freefall {

/// The second index on an axis.
template <fixed_string Name>
struct primed {
  static constexpr std::string_view text = Name.view();
  static constexpr int level = 1;
  static constexpr bool is_plate = false;
};

template <fixed_string Name>
struct axis {
  static constexpr std::string_view text = Name.view();
  static constexpr int level = 0;
  static constexpr bool is_plate = false;

  constexpr axis() { diagnostics::check_name<Name>(); }
  constexpr primed<Name> prime() const { return {}; }
  template <detail::static_position P>
  constexpr auto operator[](P) const {
    return axis<detail::indexed_name<Name, P::value>()>{};
  }
};

/// Time. Like a plate it is never summed by a product; x[t - 1] is x one tick before, zero before the first.
template <fixed_string Name>
struct ticks {
  static constexpr std::string_view text = Name.view();
  static constexpr int level = 0;
  static constexpr bool is_plate = true;  // as far as products go
  static constexpr bool is_ticks = true;

  constexpr ticks() { diagnostics::check_name<Name>(); }
};
/// A tick some ticks before the current one.
template <fixed_string Name>
struct earlier_tick {
  using time = ticks<Name>;
  int lag = 1;
};
template <fixed_string Name>
earlier_tick<Name> operator-(ticks<Name>, int lag) {
  return {lag};
}

template <fixed_string Name>
struct plate {
  static constexpr std::string_view text = Name.view();
  static constexpr int level = 0;
  static constexpr bool is_plate = true;

  constexpr plate() { diagnostics::check_name<Name>(); }
};

namespace detail {

template <class T>
inline constexpr bool is_axis = false;
template <fixed_string Name>
inline constexpr bool is_axis<axis<Name>> = true;
template <fixed_string Name>
inline constexpr bool is_axis<primed<Name>> = true;
template <fixed_string Name>
inline constexpr bool is_axis<plate<Name>> = true;
template <fixed_string Name>
inline constexpr bool is_axis<ticks<Name>> = true;

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
  return context.axis(Axis::text, Axis::is_plate && !requires { Axis::is_ticks; });
}
template <class Axis>
ir::Index ir_index(ir::Context& context) {
  return {ir_axis<Axis>(context), Axis::level};
}

}  // namespace detail

template <class T>
concept axis_like = detail::is_axis<T>;

}  // namespace freefall

#pragma once
// Declared symbols.
//
//   auto h  = variable<"h">(batch, hidden);     random, or given: the family of a functional says which
//   auto W  = parameter<"W">(hidden, pixel);    learned, shared by all copies
//   auto lr = input<"lr">();                    given at run time, not random; any number of axes, also none
//   auto A  = constant<"A">(state, state.prime());  given and the same in all calls: call prepare() after
//                                               setting the constants; what depends on them alone is computed
//                                               there
//   auto J  = parameter<"J">(unit, unit.prime(), no_diagonal);   a square coupling with a zero diagonal
//   parameter<"W">[2_c](...)                    the parameter "W2": a family of symbols, one a layer
//
// The order of the axes is the order of storage, the last contiguous: W(unit.prime(), unit) has what one unit
// sends to all others in one piece, W(unit, unit.prime()) what one receives. Each name is declared once.

#include <array>

#include "freefall/dsl/expression.hpp"

namespace freefall {

/// A declared symbol as a type.
template <ir::Role Role, fixed_string Name, class... Axes>
struct symbol {
  static constexpr ir::Role role = Role;
  static constexpr auto given_name = Name;
  /// Its name.
  static constexpr std::string_view text = Name.view();
  using label = name<Name>;
  using declared_axes = types<Axes...>;
  using axes = typename detail::unite<indices<>, indices<Axes...>>::type;
};

/// parameter<"J">(unit, unit.prime(), no_diagonal)
struct no_diagonal_t {};
/// The last argument of a square parameter whose diagonal is zero and stays so.
inline constexpr no_diagonal_t no_diagonal{};

namespace detail {

template <ir::Role Role>
struct role_label {
  using type = name<"expression">;
};
template <>
struct role_label<ir::Role::variable> {
  using type = name<"variable">;
};
template <>
struct role_label<ir::Role::parameter> {
  using type = name<"parameter">;
};
template <>
struct role_label<ir::Role::input> {
  using type = name<"input">;
};
template <>
struct role_label<ir::Role::constant> {
  using type = name<"constant">;
};

/// Position of the first axis the declaration has already, or the number of axes.
template <class... Axes>
consteval std::size_t repeated_axis(types<Axes...>) {
  constexpr std::size_t n = sizeof...(Axes);
  const std::array<std::string_view, n> texts{Axes::text...};
  const std::array<int, n> levels{Axes::level...};
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (texts[i] == texts[j] && levels[i] == levels[j]) return i;
    }
  }
  return n;
}

/// Position of the first primed axis that stands without the axis itself, or before it in what is random, or
/// the number of axes: a table of probabilities has the axis of its outcomes first.
template <class... Axes>
consteval std::size_t lonely_prime(ir::Role role, types<Axes...>) {
  constexpr std::size_t n = sizeof...(Axes);
  const std::array<std::string_view, n> texts{Axes::text...};
  const std::array<int, n> levels{Axes::level...};
  for (std::size_t i = 0; i < n; ++i) {
    bool found = levels[i] == 0;
    const std::size_t end = role == ir::Role::variable ? i : n;
    for (std::size_t j = 0; j < end; ++j) found |= texts[i] == texts[j] && levels[j] == 0;
    if (!found) return i;
  }
  return n;
}

template <ir::Role Role, class Axes>
inline constexpr bool axes_are_mistaken =
    contains<mistaken_axis, Axes> || repeated_axis(Axes{}) < length<Axes> ||
    lonely_prime(Role, Axes{}) < length<Axes>;

/// What an element of a symbol reads.
template <class Symbol>
using element_reads = std::conditional_t<axes_are_mistaken<Symbol::role, typename Symbol::declared_axes>,
                                         reads<Symbol, mistaken>, reads<Symbol>>;

template <ir::Role Role, class Name, class Axes>
constexpr void check_axes() {
  constexpr std::size_t repeated = repeated_axis(Axes{}), alone = lonely_prime(Role, Axes{});
  if constexpr (contains<mistaken_axis, Axes>) {
    return;  // reported where it was given
  } else if constexpr (repeated < length<Axes>) {
    diagnostics::report<diagnostics::axis_repeated<Name, typename nth<repeated, Axes>::type>>();
  } else if constexpr (alone < length<Axes>) {
    diagnostics::report<diagnostics::primed_axis_alone<Name, typename nth<alone, Axes>::type>>();
  }
}

}  // namespace detail

/// A symbol read at an earlier tick: what is drawn at one tick may depend on itself at earlier ones.
template <class Symbol>
struct earlier {};

namespace detail {
template <class Read>
struct present_of {
  using type = reads<Read>;
};
template <class Symbol>
struct present_of<earlier<Symbol>> {
  using type = reads<>;
};
template <class Read>
struct timeless_of {
  using type = reads<Read>;
};
template <class Symbol>
struct timeless_of<earlier<Symbol>> {
  using type = reads<Symbol>;
};

/// What is read at the same tick; and what is read at any.
template <class Reads>
struct present;
template <class... Read>
struct present<reads<Read...>> : concat<reads<>, typename present_of<Read>::type...> {};
template <class Reads>
struct timeless;
template <class... Read>
struct timeless<reads<Read...>> : merge<reads<>, typename timeless_of<Read>::type...> {};
}  // namespace detail

/// What a declaration gives back: the symbol's element with its own axes.
template <class Symbol>
struct handle : expr<typename Symbol::axes, detail::element_reads<Symbol>> {
  using declared = Symbol;
  const ir::Tensor* tensor = nullptr;

  /// x[t], where x has the axis t: x itself.
  template <fixed_string Time>
    requires detail::contains<ticks<Time>, typename Symbol::axes>
  const handle& operator[](ticks<Time>) const {
    return *this;
  }
  /// x[t - 1]: the element before, zero where there is none.
  template <fixed_string Time>
    requires detail::contains<ticks<Time>, typename Symbol::axes>
  auto operator[](const earlier_tick<Time>& at) const {
    if (at.lag < 1) {
      throw ir::ModelError(
          fmt::format(
              "{0}[{1} - ({2})]: expected an earlier tick, {1} - n with n at least 1; write {0}[{1}] for "
              "the tick itself",
              tensor->name, ticks<Time>::text, at.lag),
          detail::make_origin("earlier tick", at.where));
    }
    const ir::Index now = detail::ir_index<ticks<Time>>(*this->ir->context);
    ir::Subscript before(now);
    before.offset = -at.lag;
    return expr<typename Symbol::axes, reads<earlier<Symbol>>>{ir::substitute(this->ir, {{now, before}})};
  }
  /// The table read at outcomes, and at branches of an axis; see categorical.hpp.
  template <class... Readers>
  auto operator()(const Readers&... readers) const;
};

namespace detail {

template <class T>
inline constexpr bool is_handle = false;
template <class Symbol>
inline constexpr bool is_handle<handle<Symbol>> = true;

template <class T>
struct symbol_of {
  using type = void;
  using label = T;
  using role = name<"expression">;
};
template <class Symbol>
struct symbol_of<handle<Symbol>> {
  using type = Symbol;
  using label = typename Symbol::label;
  using role = typename role_label<Symbol::role>::type;
};

template <class Symbol>
struct operand<handle<Symbol>> {
  using label = typename Symbol::label;
};

template <class T>
inline constexpr bool is_variable = false;
template <class Symbol>
inline constexpr bool is_variable<handle<Symbol>> = Symbol::role == ir::Role::variable;

/// The names of handles, appended to a list; what is no handle stands for itself.
template <class List, class Handles>
struct labels;
template <template <class...> class List, class... Ts, class... Handles>
struct labels<List<Ts...>, types<Handles...>> {
  using type = List<Ts..., typename symbol_of<Handles>::label...>;
};

/// variable<"h">, parameter<"W">, input<"u">, constant<"A">: called with axes, or indexed by a layer first.
template <ir::Role Role, fixed_string Name>
struct declaration {
  template <axis_like... Axes>
  auto operator()(Axes...) const {
    diagnostics::check_name<Name>();
    check_axes<Role, name<Name>, types<Axes...>>();
    ir::Context& context = current_context();
    handle<symbol<Role, Name, Axes...>> out;
    out.tensor = declare(Name.view(), {ir_axis<Axes>(context)...}, Role);
    out.ir = ir::make_access(context, out.tensor, {ir::Subscript(ir_index<Axes>(context))...});
    return out;
  }
  /// A square coupling whose diagonal is zero: it begins and stays so, and nothing reads it.
  template <axis_like Row, axis_like Column>
  auto operator()(Row, Column, no_diagonal_t) const {
    diagnostics::check_name<Name>();
    check_axes<Role, name<Name>, types<Row, Column>>();
    if constexpr (Role != ir::Role::parameter || !std::is_same_v<Column, typename exchange<Row>::type>) {
      diagnostics::report<diagnostics::no_diagonal_of_no_square<name<Name>, Row, Column>>();
    }
    ir::Context& context = current_context();
    handle<symbol<Role, Name, Row, Column>> out;
    out.tensor = declare(Name.view(), {ir_axis<Row>(context), ir_axis<Column>(context)}, Role, true);
    out.ir =
        ir::make_access(context, out.tensor,
                        {ir::Subscript(ir_index<Row>(context)), ir::Subscript(ir_index<Column>(context))});
    return out;
  }
  /// Reports the argument that is no axis.
  template <class... Args>
    requires(!(axis_like<Args> && ...))
  auto operator()(const Args&...) const {
    report_no_axis<name<Name>, Args...>();
    return (*this)(axis_or_mistaken<Args>{}...);
  }
  template <static_position P>
  constexpr auto operator[](P) const {
    return declaration<Role, indexed_name<Name, P::value>()>{};
  }
};

}  // namespace detail

/// `variable<"h">(axes...)`: random; latent where a family has a member for it, else given.
template <fixed_string Name>
inline constexpr detail::declaration<ir::Role::variable, Name> variable{};
/// `parameter<"W">(axes...)`: learned, shared by all copies.
template <fixed_string Name>
inline constexpr detail::declaration<ir::Role::parameter, Name> parameter{};
/// `input<"u">(axes...)`: given at run time and not random.
template <fixed_string Name>
inline constexpr detail::declaration<ir::Role::input, Name> input{};
/// `constant<"A">(axes...)`: given, not random, and the same from one call of `prepare()` to the next. Every
/// library of a program with constants has the kernel `prepare`, which checks them and computes what depends
/// on them alone; the other kernels refuse to run before it has.
template <fixed_string Name>
inline constexpr detail::declaration<ir::Role::constant, Name> constant{};

}  // namespace freefall

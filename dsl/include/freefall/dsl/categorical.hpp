#pragma once
// Variables that are one of the indices of an axis.
//
//   auto s = one_of<"s">(place)            also one_of<"s">(batch, place): plates and one axis
//   auto o = index_of<"o">(batch, seen)    the same, given as a number 0, 1, ...: the array is over plates
//                                          alone, and a table is looked up at it
//   s <<= categorical(d)                   a table of probabilities over the axis, normalised
//   o <<= categorical(A(s, c))             the table A(seen, place, context) read at outcomes of s and c
//   s <<= categorical(B(before, a))        where the table has an axis twice, B(place, place.prime(), move),
//   the
//                                          outcome selects on the primed one
//   B(before, first)                       at every value of an axis, where first is a branch of move
//   family(categorical(s), categorical(c)) q(s) q(c), each a point of the simplex over its axis
//   family(exact(s))                       the same, where given parents of s are beliefs, integrated out
//   family(categorical(s), conditional(a, P(s)))
//                                          q(s) q(a|s), where q(a|s) is the table P, not solved for
//   solve(F, q, s)                         q(s) takes the minimum of F, all else as it is
//
// The array of s is the indicator of its value: 1 at one index. Where s is latent, the array is q(s). An
// outcome that is given takes an indicator. Zero probabilities are allowed: ln p is ln max(p, 1e-16).
//
// The expectation of the log of a table, (ln B) q, and the log of an expectation, ln(B q), differ. A parent
// that is an outcome, latent under categorical or given, gives the first; given parents of a variable whose
// member is exact give the second, so that solve is the forward filter: predict with B, correct, normalise.

#include "freefall/dsl/descent.hpp"

namespace freefall {
namespace detail {

/// The axes of a list that are no plates.
template <class List>
struct no_plates;
template <class... Axes>
struct no_plates<types<Axes...>> {
  using type = typename concat<types<>, std::conditional_t<Axes::is_plate, types<>, types<Axes>>...>::type;
};

template <fixed_string Name>
struct outcome_declaration {
  template <axis_like... Axes>
  auto operator()(Axes...) const {
    diagnostics::check_name<Name>();
    check_axes<ir::Role::variable, name<Name>, types<Axes...>>();
    if constexpr (length<typename no_plates<types<Axes...>>::type> != 1 &&
                  !contains<mistaken_axis, types<Axes...>>) {
      diagnostics::report<diagnostics::one_of_several_axes<name<Name>, types<Axes...>>>();
    }
    ir::Context& context = current_context();
    handle<symbol<ir::Role::variable, Name, Axes...>> out;
    out.tensor = declare(Name.view(), {ir_axis<Axes>(context)...}, ir::Role::variable, false, true);
    out.ir = ir::make_access(context, out.tensor, {ir::Subscript(ir_index<Axes>(context))...});
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
    return outcome_declaration<indexed_name<Name, P::value>()>{};
  }
};

/// The number of an outcome; as an expression, the indicator of its value.
template <fixed_string Name>
struct index_declaration {
  template <axis_like... Axes>
  auto operator()(Axes...) const {
    diagnostics::check_name<Name>();
    check_axes<ir::Role::variable, name<Name>, types<Axes...>>();
    using own = typename no_plates<types<Axes...>>::type;
    if constexpr (length<own> != 1 && !contains<mistaken_axis, types<Axes...>>) {
      diagnostics::report<diagnostics::one_of_several_axes<name<Name>, types<Axes...>>>();
    }
    ir::Context& context = current_context();
    std::vector<const ir::Axis*> plates;
    for (const ir::Axis* a : {ir_axis<Axes>(context)...}) {
      if (a->plate) plates.push_back(a);
    }
    using indexed = typename first<typename concat<own, own, types<Axes...>>::type>::type;
    const ir::Index value = ir_index<indexed>(context);
    handle<symbol<ir::Role::variable, Name, Axes...>> out;
    out.tensor = declare(Name.view(), plates, ir::Role::variable, false, false, value.axis);
    out.ir = ir::make_map(ir::Function::equal, {ir::make_position(context, ir::Subscript(value)),
                                                ir::element(context, out.tensor)});
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
    return index_declaration<indexed_name<Name, P::value>()>{};
  }
};

/// A table read at every value of an axis.
template <class Table, fixed_string Name, class Axis>
auto read_at(const Table& table, branch_of<Name, Axis> at) {
  using branch = decltype(at);
  using left = typename difference<axes_of<Table>, indices<Axis>>::type;
  using axes = typename unite<left, indices<branch>>::type;
  ir::Context& context = *table.ir->context;
  if constexpr (!contains<Axis, axes_of<Table>>) {
    diagnostics::report<diagnostics::axis_not_in_expression<Axis, axes_of<Table>>>();
    return rejected<Table, int>(table.ir);
  } else {
    return expr<axes, reads_of<Table>>{
        ir::substitute(table.ir, {{ir_index<Axis>(context), ir::Subscript(ir_index<branch>(context))}})};
  }
}

/// A table read at one outcome.
template <class Table, class Symbol>
auto read_at(const Table& table, const handle<Symbol>& outcome) {
  using axis = typename first<typename no_plates<typename Symbol::declared_axes>::type>::type;
  using second = typename exchange<axis>::type;
  if constexpr (contains<second, axes_of<Table>>) {
    return dot(table, prime(outcome), second{});
  } else {
    return dot(table, outcome, axis{});
  }
}

template <class Table>
auto read_table(const Table& table) {
  return table;
}
template <class Table, class First, class... Rest>
auto read_table(const Table& table, const First& reader, const Rest&... rest) {
  return read_table(read_at(table, reader), rest...);
}

}  // namespace detail

/// `one_of<"s">(plates..., axis)`: a variable whose value is an index of the axis. Its array holds
/// probabilities, or the indicator of a value that is given.
template <fixed_string Name>
inline constexpr detail::outcome_declaration<Name> one_of{};
/// `index_of<"o">(plates..., axis)`: the same, given as a number from 0 in an array over the plates alone.
template <fixed_string Name>
inline constexpr detail::index_declaration<Name> index_of{};

template <class Symbol>
template <class... Readers>
auto handle<Symbol>::operator()(const Readers&... readers) const {
  return detail::read_table(*this, readers...);
}

/// `s <<= categorical(table)`: p(s = k) is the element k of the table along the axis of s; it must be
/// positive and sum to one there, which is not checked. -ln p in nats.
template <detail::term T>
auto categorical(const T& table, const std::source_location& where = std::source_location::current()) {
  return detail::density_of<"categorical", detail::axes_of<T>, detail::unit_spread, detail::reads_of<T>>{
      {{"probability", detail::lift(table).ir}}, where};
}
/// Of a variable: a member. Where a density is wanted, the belief of that variable is the table.
template <class Symbol>
  requires(Symbol::role == ir::Role::variable)
auto categorical(const handle<Symbol>& s,
                 const std::source_location& where = std::source_location::current()) {
  const auto density = categorical(expr<typename Symbol::axes, detail::reads_of<handle<Symbol>>>(s), where);
  const auto member = detail::make_member<"categorical">(s, where);
  return member_or_density<std::remove_const_t<decltype(density)>, Symbol, "categorical">{density, member};
}

/// The posterior of a variable given beliefs about its given parents.
inline constexpr detail::member_declaration<"exact"> exact{};

/// q(a|s) is a table.
template <class V, detail::term T>
auto conditional(const V& a, const T& table,
                 const std::source_location& where = std::source_location::current()) {
  auto member = detail::make_member<"conditional">(a, where);
  if constexpr (requires { member.ir; }) {
    using extra = typename detail::difference<detail::axes_of<T>, typename V::declared::axes>::type;
    if constexpr (detail::length<extra> > 0)
      diagnostics::report<diagnostics::argument_has_an_axis_the_variable_lacks<typename V::declared::label,
                                                                               name<"conditional">, extra>>();
    member.ir.table = detail::lift(table).ir;
  }
  return member;
}

/// There is a rule for the expectation of this density under this family.
template <>
inline constexpr bool expectation_rule<"categorical", "conditional"> = true;
/// There is a rule for the expectation of this density under this family.
template <>
inline constexpr bool expectation_rule<"categorical", "categorical"> = true;
/// There is a rule for the expectation of this density under this family.
template <>
inline constexpr bool expectation_rule<"categorical", "exact"> = true;

namespace detail {

/// The family of a variable, or void.
template <class Symbol, class... Members>
struct family_name {
  using type = void;
};
template <class Symbol, class Member, class... Members>
struct family_name<Symbol, Member, Members...>
    : std::conditional_t<std::is_same_v<Symbol, typename Member::variable>,
                         std::type_identity<typename Member::family>, family_name<Symbol, Members...>> {};

}  // namespace detail

/// q(s) goes to the minimum of F: softmax of the expected log of everything s takes part in, derived. Of a
/// table with the member dirichlet: the counts do, and the table takes their mean.
template <class I, class R, class... Members, class V>
auto solve(const expr<I, R>& F, const approximation<Members...>&, const V& s,
           const std::source_location& where = std::source_location::current()) {
  using mentions = typename detail::filter<R, detail::is_functional>::type;
  if constexpr (detail::contains<detail::mistaken, R>) {
    return statement<mentions>{};
  } else if constexpr (detail::length<I> > 0) {
    diagnostics::report<diagnostics::functional_is_not_scalar<I>>();
    return statement<mentions>{};
  } else if constexpr (!detail::is_variable<V>) {
    diagnostics::report<diagnostics::solved_is_not_latent<typename detail::symbol_of<V>::label>>();
    return statement<mentions>{};
  } else {
    using solved = typename V::declared;
    using family = typename detail::family_name<solved, Members...>::type;
    if constexpr (std::is_void_v<family>) {
      diagnostics::report<diagnostics::solved_is_not_latent<typename solved::label>>();
    } else if constexpr (!std::is_same_v<family, name<"categorical">> &&
                         !std::is_same_v<family, name<"exact">> &&
                         !std::is_same_v<family, name<"dirichlet">>) {
      diagnostics::report<diagnostics::no_probabilities<typename solved::label, family>>();
    }
    return statement<mentions>{
        {ir::Solve{F.ir, s.tensor}, detail::make_origin("solve for " + s.tensor->name, where)}};
  }
}

}  // namespace freefall

#pragma once
// Tables of probabilities that are learned.
//
//   auto A = variable<"A">(seen, place)    each column a point of the simplex over the first axis that is no
//                                          plate
//   A <<= dirichlet(a)                     with counts a(seen, place) > 0, or one number for all elements
//   o <<= categorical(A(s))                read at outcomes as any table
//   family(..., dirichlet(A))              q(A), with counts of its own
//   concentration(q, A)                    these counts, the state `A_concentration`; A is their mean
//   solve(F, q, A)                         the counts take the minimum of F, all else as it is, and A follows
//
// Under q the log of the table becomes its expectation, E[ln A_i] = psi(a_i) - psi(a_0). To learn tick by
// tick, give the counts of the tick before as the prior, A <<= dirichlet(previous(concentration(q, A))), and
// carry them over with advance(concentration(q, A)). forward(p, q) sets the counts of q to those of the
// prior.

#include "freefall/dsl/categorical.hpp"

namespace freefall {

/// `A <<= dirichlet(counts)`: the probabilities along the first axis of A that is no plate; counts are
/// positive, over axes of A.
template <detail::term T>
auto dirichlet(const T& counts, const std::source_location& where = std::source_location::current()) {
  return detail::density_of<"dirichlet", detail::axes_of<T>, detail::unit_spread, detail::reads_of<T>>{
      {{"concentration", detail::lift(counts).ir}}, where};
}
/// Of a variable: a member. Where a density is wanted, the variable gives the counts.
template <class Symbol>
  requires(Symbol::role == ir::Role::variable)
auto dirichlet(const handle<Symbol>& A, const std::source_location& where = std::source_location::current()) {
  const auto density = dirichlet(expr<typename Symbol::axes, detail::reads_of<handle<Symbol>>>(A), where);
  if constexpr (detail::length<typename detail::no_plates<typename Symbol::declared_axes>::type> == 0) {
    diagnostics::report<diagnostics::table_without_axis<typename Symbol::label>>();
  }
  const auto member = detail::make_member<"dirichlet">(A, where);
  return member_or_density<std::remove_const_t<decltype(density)>, Symbol, "dirichlet">{density, member};
}

/// There is a rule for the expectation of this density under this family.
template <>
inline constexpr bool expectation_rule<"dirichlet", "dirichlet"> = true;
/// There is a rule for the expectation of this density under this family.
template <>
inline constexpr bool expectation_rule<"categorical", "dirichlet"> = true;

namespace detail {

template <class Symbol>
struct concentration_symbol;
template <ir::Role Role, fixed_string Name, class... Axes>
struct concentration_symbol<symbol<Role, Name, Axes...>> {
  using type = symbol<ir::Role::state, joined_name<Name, "_concentration">(), Axes...>;
};

}  // namespace detail

/// The counts of a table under q = family(dirichlet(A), ...).
template <class... Members, class V>
auto concentration(const approximation<Members...>&, const V& table) {
  if constexpr (!detail::is_variable<V>) {
    diagnostics::report<diagnostics::concentration_of_no_dirichlet<typename detail::symbol_of<V>::label>>();
    return detail::rejected<V, int>(detail::lift(table).ir);
  } else if constexpr (!std::is_same_v<typename detail::family_name<typename V::declared, Members...>::type,
                                       name<"dirichlet">>) {
    diagnostics::report<diagnostics::concentration_of_no_dirichlet<typename V::declared::label>>();
    return detail::rejected<V, int>(table.ir);
  } else {
    handle<typename detail::concentration_symbol<typename V::declared>::type> out;
    ir::Context& context = detail::current_context();
    out.tensor = context.tensor(table.tensor->name + "_concentration", table.tensor->axes, ir::Role::state);
    out.ir = ir::element(context, out.tensor);
    return out;
  }
}

}  // namespace freefall

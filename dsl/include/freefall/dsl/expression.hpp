#pragma once
// Expressions: index notation with matrix sugar on top.
//
// A handle is an `expr<indices<axes...>, reads<symbols...>>` around a node of the IR. The tree is data and no
// part of the type; the type has the free axes and the set of symbols read, which is what the compile-time
// checks need.
//
//   a + b, a - b, a / b   element by element, broadcasting by axis name. One side has all axes of the other,
//   plates
//                         left aside: h(batch, hidden) + b(hidden) is fine, h(hidden) + x(pixel) an error.
//   a * b                 a side without axes (plates left aside) scales the other. Otherwise the two sides
//   share
//                         exactly one axis, which is summed, and at least one of them has further axes: a
//                         matrix. W(hidden, pixel) * x(batch, pixel) -> (batch, hidden). Plates are never
//                         summed. No shared axis is an error; so are two shared ones and two vectors on one
//                         axis, where
//   hadamard(a, b)        says elements, with broadcasting (and all pairs for axes not shared), and
//   dot(a, b)             says the sum over all shared axes but plates; dot(a, b, axis...) over those given.
//   sum(e, axis...)       over given axes; plates may be summed here.
//   prime(e)              exchanges every axis x with x.prime(): J * prime(x) where J(unit, unit.prime());
//                         prime(J) is its transpose. prime(e, axis...) exchanges those axes only.
//   matmul(A, B)          of two square matrices over one axis.
//   inverse(S)            of a symmetric matrix S(unit, unit.prime()).
//   identity(axis)        the matrix with 1 on its diagonal, over axis and axis.prime().
//   count(axis)           the number of values of an axis; of a plate: of the copies in use.
//   exp(e), tanh(e), ...  every function of the table codegen/ir/functions.def, by its name there.
//   square(e), power(e, n) with an integer n; pow(a, b) with any exponent.
//
// Integers are exact (x / 2 is one half of x), doubles are taken as written.

#include <concepts>
#include <cstdint>
#include <vector>

#include "codegen/ir/expr.hpp"
#include "freefall/dsl/axis.hpp"
#include "freefall/dsl/builder.hpp"
#include "freefall/dsl/diagnostics.hpp"
#include "freefall/dsl/list.hpp"

namespace freefall {

template <class Indices, class Reads>
struct expr {
  using axes = Indices;
  using symbols = Reads;
  ir::Expr ir;
};

/// A number in an expression.
template <class T>
concept literal = (std::integral<T> && !std::same_as<T, bool>) || std::floating_point<T>;

namespace detail {

template <class I, class R>
expr<I, R> lift(const expr<I, R>& e) {
  return e;
}
template <literal T>
expr<indices<>, reads<>> lift(T number) {
  if constexpr (std::integral<T>) {
    return {ir::make_constant(current_context(), ir::Number(static_cast<std::int64_t>(number)))};
  } else {
    return {ir::make_constant(current_context(), ir::Number(static_cast<double>(number)))};
  }
}

/// An expression, a handle of a declared symbol, or a number.
template <class T>
concept term = requires(const T& e) { lift(e); };
template <class T>
concept symbolic = term<T> && !literal<T>;

template <class T>
using lifted = decltype(lift(std::declval<const T&>()));
template <class T>
using axes_of = typename lifted<T>::axes;
template <class T>
using reads_of = typename lifted<T>::symbols;

template <class Indices>
std::vector<ir::Index> ir_indices(ir::Context& context) {
  return [&]<class... Axes>(indices<Axes...>) {
    return std::vector<ir::Index>{ir_index<Axes>(context)...};
  }(Indices{});
}

/// How an operand shows in a message: a handle specialises this with its name.
template <class T>
struct operand {
  using label = name<"expression">;
};

/// Stands among the symbols of an expression in which something was reported, so that nothing else is.
struct mistaken {};
template <class E>
inline constexpr bool is_mistaken = contains<mistaken, reads_of<E>>;

/// The result of an operation on elements.
template <class A, class B>
auto elementwise(ir::Expr value) {
  return expr<typename unite<axes_of<A>, axes_of<B>>::type, typename merge<reads_of<A>, reads_of<B>>::type>{
      value};
}
/// What stands in for a rejected expression.
template <class A, class B>
auto rejected(ir::Expr value) {
  return expr<indices<>, typename merge<reads_of<A>, reads_of<B>, reads<mistaken>>::type>{value};
}
template <class A, class B, class Summed>
auto contracted(ir::Expr product) {
  using axes = typename difference<typename unite<axes_of<A>, axes_of<B>>::type, Summed>::type;
  return expr<axes, typename merge<reads_of<A>, reads_of<B>>::type>{
      ir::make_contract(ir_indices<Summed>(*product->context), product)};
}

/// The value of an operation that needs one side to have all axes of the other, or a report.
template <class A, class B>
auto broadcast(ir::Expr value) {
  using left = own_axes<axes_of<A>>;
  using right = own_axes<axes_of<B>>;
  using rule = diagnostics::sum_of_axes_that_differ<typename operand<A>::label, left,
                                                    typename operand<B>::label, right>;
  if constexpr (is_mistaken<A> || is_mistaken<B>) {
    return rejected<A, B>(value);
  } else if constexpr (subset<left, right> || subset<right, left>) {
    return elementwise<A, B>(value);
  } else {
    diagnostics::report<rule>();
    return rejected<A, B>(value);
  }
}

template <class A, class B>
concept operands = term<A> && term<B> && (symbolic<A> || symbolic<B>);

}  // namespace detail

/// `a + b` of elements: one side has all axes of the other, plates apart. Checked at compile time.
template <class A, class B>
  requires detail::operands<A, B>
auto operator+(const A& a, const B& b) {
  return detail::broadcast<A, B>(detail::lift(a).ir + detail::lift(b).ir);
}

/// `a - b` of elements: one side has all axes of the other, plates apart. Checked at compile time.
template <class A, class B>
  requires detail::operands<A, B>
auto operator-(const A& a, const B& b) {
  return detail::broadcast<A, B>(detail::lift(a).ir - detail::lift(b).ir);
}

/// `a / b` of elements: one side has all axes of the other, plates apart. Checked at compile time.
template <class A, class B>
  requires detail::operands<A, B>
auto operator/(const A& a, const B& b) {
  return detail::broadcast<A, B>(detail::lift(a).ir / detail::lift(b).ir);
}

/// Minus each element.
template <class I, class R>
expr<I, R> operator-(const expr<I, R>& e) {
  return {-e.ir};
}

/// `a * b`: the sum over the axis both sides have, or the product of a number or scalar with each element.
/// Where it may mean two things it is refused at compile time: see hadamard and dot.
template <class A, class B>
  requires detail::operands<A, B>
auto operator*(const A& a, const B& b) {
  using left = detail::own_axes<detail::axes_of<A>>;
  using right = detail::own_axes<detail::axes_of<B>>;
  using shared = typename detail::intersection<left, right>::type;
  constexpr std::size_t l = detail::length<left>, r = detail::length<right>, s = detail::length<shared>;
  using left_label = typename detail::operand<A>::label;
  using right_label = typename detail::operand<B>::label;
  const ir::Expr product = detail::lift(a).ir * detail::lift(b).ir;
  if constexpr (detail::is_mistaken<A> || detail::is_mistaken<B>) {
    return detail::rejected<A, B>(product);
  } else if constexpr (l == 0 || r == 0) {
    return detail::elementwise<A, B>(product);
  } else if constexpr (s == 1 && l + r > 2) {
    return detail::contracted<A, B, shared>(product);
  } else if constexpr (s == 0) {
    diagnostics::report<diagnostics::product_of_axes_that_differ<left_label, left, right_label, right>>();
    return detail::rejected<A, B>(product);
  } else {
    diagnostics::report<diagnostics::ambiguous_product<left_label, left, right_label, right>>();
    return detail::rejected<A, B>(product);
  }
}

/// Element by element; axes are matched by name, and those not shared give all pairs.
template <class A, class B>
  requires detail::operands<A, B>
auto hadamard(const A& a, const B& b) {
  return detail::elementwise<A, B>(detail::lift(a).ir * detail::lift(b).ir);
}

/// The sum over the given axes of the product; without any, over all shared axes but plates.
template <class A, class B, axis_like... Axes>
  requires(detail::symbolic<A> && detail::symbolic<B>)
auto dot(const A& a, const B& b, Axes...) {
  using left = detail::axes_of<A>;
  using right = detail::axes_of<B>;
  using shared = typename detail::intersection<left, right>::type;
  using all = std::conditional_t<sizeof...(Axes) == 0, detail::own_axes<shared>, indices<Axes...>>;
  using left_label = typename detail::operand<A>::label;
  using right_label = typename detail::operand<B>::label;
  const ir::Expr product = a.ir * b.ir;
  if constexpr (detail::is_mistaken<A> || detail::is_mistaken<B>) {
    return detail::rejected<A, B>(product);
  } else if constexpr (detail::length<all> == 0 || !detail::subset<all, shared>) {
    diagnostics::report<diagnostics::product_of_axes_that_differ<left_label, left, right_label, right>>();
    return detail::rejected<A, B>(product);
  } else {
    return detail::contracted<A, B, all>(product);
  }
}

/// Reports the argument that is no axis.
template <class A, class B, class... Args>
  requires(detail::symbolic<A> && detail::symbolic<B> && !(axis_like<Args> && ...))
auto dot(const A& a, const B& b, const Args&...) {
  detail::report_no_axis<typename detail::operand<A>::label, Args...>();
  return detail::rejected<A, B>(a.ir * b.ir);
}

/// `sum(e, axis...)`: over these axes. Each must be one of e.
template <class I, class R, axis_like... Axes>
auto sum(const expr<I, R>& e, Axes...) {
  using missing = typename detail::difference<indices<Axes...>, I>::type;
  if constexpr (detail::contains<detail::mistaken, R>) {
    return e;
  } else if constexpr (detail::length<missing> > 0) {
    diagnostics::report<diagnostics::axis_not_in_expression<typename detail::first<missing>::type, I>>();
    return detail::rejected<expr<I, R>, int>(e.ir);
  } else {
    using left = typename detail::difference<I, indices<Axes...>>::type;
    return expr<left, R>{ir::make_contract(detail::ir_indices<indices<Axes...>>(*e.ir->context), e.ir)};
  }
}

/// Reports the argument that is no axis.
template <class E, class... Args>
  requires(detail::symbolic<E> && !(axis_like<Args> && ...))
auto sum(const E& e, const Args&...) {
  detail::report_no_axis<typename detail::operand<E>::label, Args...>();
  return detail::rejected<E, int>(e.ir);
}

/// `count(axis)`: its size; for a plate the number of copies in use.
template <axis_like Axis>
expr<indices<>, reads<>> count(Axis) {
  ir::Context& context = detail::current_context();
  return {ir::make_extent(context, detail::ir_axis<Axis>(context))};
}

/// Exchanges each axis of e with its second index.
template <class... Axes, class R>
auto prime(const expr<indices<Axes...>, R>& e) {
  ir::Context& context = *e.ir->context;
  using exchanged =
      typename detail::unite<indices<>, indices<typename detail::exchange<Axes>::type...>>::type;
  const ir::Substitution substitution{
      {detail::ir_index<Axes>(context),
       ir::Subscript(detail::ir_index<typename detail::exchange<Axes>::type>(context))}...};
  return expr<exchanged, R>{ir::substitute(e.ir, substitution)};
}

namespace detail {
template <class Axis, class Chosen>
using exchange_among =
    typename std::conditional_t<contains<Axis, Chosen> || contains<typename exchange<Axis>::type, Chosen>,
                                exchange<Axis>, std::type_identity<Axis>>::type;
}  // namespace detail

/// Exchanges the given axes with their primes, and leaves the others.
template <class... Axes, class R, axis_like Axis, axis_like... More>
auto prime(const expr<indices<Axes...>, R>& e, Axis, More...) {
  ir::Context& context = *e.ir->context;
  using chosen = types<Axis, More...>;
  using exchanged = typename detail::unite<indices<>, indices<detail::exchange_among<Axes, chosen>...>>::type;
  const ir::Substitution substitution{
      {detail::ir_index<Axes>(context),
       ir::Subscript(detail::ir_index<detail::exchange_among<Axes, chosen>>(context))}...};
  return expr<exchanged, R>{ir::substitute(e.ir, substitution)};
}

/// The product of two square matrices over one axis: (A B)(unit, unit.prime()). (A * prime(x) is the product
/// with a vector.)
template <class Axis, class R, class S>
  requires(Axis::level == 0)
auto matmul(const expr<indices<Axis, typename detail::exchange<Axis>::type>, R>& a,
            const expr<indices<Axis, typename detail::exchange<Axis>::type>, S>& b) {
  const ir::Index row = detail::ir_index<Axis>(*a.ir->context);
  const ir::Index column{row.axis, 1}, between{row.axis, 2};
  const ir::Expr product = ir::substitute(a.ir, {{column, ir::Subscript(between)}}) *
                           ir::substitute(b.ir, {{row, ir::Subscript(between)}});
  return expr<indices<Axis, typename detail::exchange<Axis>::type>, typename detail::merge<R, S>::type>{
      ir::make_contract({between}, product)};
}

/// 1 where both indices on the axis are equal, else 0.
template <axis_like Axis>
  requires(Axis::level == 0)
auto identity(Axis) {
  const ir::Index row = detail::ir_index<Axis>(detail::current_context());
  return expr<indices<Axis, typename detail::exchange<Axis>::type>, reads<>>{
      ir::make_delta(detail::current_context(), ir::Subscript(row), ir::Subscript(ir::Index{row.axis, 1}))};
}

/// The inverse of a square matrix S(x, x.prime()), symmetric and positive definite (of its symmetric part,
/// where it is not), as it stands in a normal density with covariance(S).
template <class Axis, class R>
  requires(Axis::level == 0)
auto inverse(const expr<indices<Axis, typename detail::exchange<Axis>::type>, R>& e) {
  const ir::Index row = detail::ir_index<Axis>(*e.ir->context);
  const ir::Index column{row.axis, row.level + 1};
  return expr<indices<Axis, typename detail::exchange<Axis>::type>, R>{
      ir::make_inverse(row, column, e.ir, ir::Subscript(row), ir::Subscript(column))};
}

/// e times e, of elements.
template <class I, class R>
expr<I, R> square(const expr<I, R>& e) {
  return {ir::power(e.ir, 2)};
}

/// e to an integer power, exactly.
template <class I, class R>
expr<I, R> power(const expr<I, R>& e, int exponent) {
  return {ir::power(e.ir, exponent)};
}

// ---- functions: one for each row of the table
// ---------------------------------------------------------------------

#define FREEFALL_DSL_FUNCTION_0(function) \
  inline expr<indices<>, reads<>> function() { return {ir::make_##function(detail::current_context())}; }
#define FREEFALL_DSL_FUNCTION_1(function)                  \
  template <class I, class R>                              \
  expr<I, R> function(const expr<I, R>& e) {               \
    return {ir::make_map(ir::Function::function, {e.ir})}; \
  }
#define FREEFALL_DSL_FUNCTION_2(function)                                                \
  template <class A, class B>                                                            \
    requires detail::operands<A, B>                                                      \
  auto function(const A& a, const B& b) {                                                \
    return detail::broadcast<A, B>(                                                      \
        ir::make_map(ir::Function::function, {detail::lift(a).ir, detail::lift(b).ir})); \
  }
#define FREEFALL_FUNCTION(function, arity, ...) FREEFALL_DSL_FUNCTION_##arity(function)
#include "codegen/ir/functions.def"
#undef FREEFALL_FUNCTION
#undef FREEFALL_DSL_FUNCTION_0
#undef FREEFALL_DSL_FUNCTION_1
#undef FREEFALL_DSL_FUNCTION_2

}  // namespace freefall

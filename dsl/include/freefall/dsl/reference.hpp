#pragma once
// Rules as the user believes them to be: proven or refuted, never used.
//
//   reference(kernel<"infer">, x) = e;     the rule of x in a kernel: dF/dx where the kernel descends F (as
//   hold
//                                          or presynaptic modify it there; sign and rate belong to the
//                                          method), the new value where it solves for x
//   reference(quantity) = e;               any expression of functionals and gradients: F, -gradient(F, x)
//   refuted(...) = e;                      the same, stated although it is known to be wrong
//   reference(..., printed("Millidge 2021", "3.8", "what is wrong with it"))     where it was printed
//   held(x)                                the value of a latent variable where the kernel of the rule has
//                                          hold(predictions(p)): predictions and their slopes read it
//   slope(tanh(a))                         f'(a) of the function f that is applied last
//
// The generator's `verify` compares each with what is derived, and fails unless every verdict is the declared
// one: proven for reference, refuted for refuted.

#include "freefall/dsl/inference.hpp"
#include "freefall/dsl/program.hpp"
#include "freefall/dsl/solve.hpp"

namespace freefall {

/// Where an equation was printed: source, number, and for a refuted one what is wrong with it.
inline ir::Citation printed(std::string source, std::string equation, std::string remark = "") {
  return {std::move(source), std::move(equation), std::move(remark)};
}

namespace detail {

/// A quantity that waits for its reference. Label: how it shows in a message.
template <class Label, class Indices>
class [[nodiscard("state the rule: reference(kernel<\"name\">, x) = expression")]] stated {
 public:
  explicit stated(ir::Reference reference) : reference_(std::move(reference)) {}

  template <term E>
  stated_rule operator=(const E& value) && {
    using beyond = typename difference<axes_of<E>, Indices>::type;
    if constexpr (contains<mistaken, reads_of<E>> || contains<mistaken_axis, Indices>) {
      // It was reported.
    } else if constexpr (length<beyond> > 0) {
      diagnostics::report<
          diagnostics::reference_has_an_axis_the_rule_lacks<Label, typename first<beyond>::type>>();
    } else {
      reference_.value = lift(value).ir;
      claim(reference_.origin, {reference_.value});
      current_program().references.push_back(std::move(reference_));
    }
    return {};
  }

 private:
  ir::Reference reference_;
};

template <bool Holds>
struct reference_declaration {
  template <fixed_string Kernel, class X>
  auto operator()(const kernel_declaration<Kernel>&, const X& x, ir::Citation citation = {},
                  const std::source_location& where = std::source_location::current()) const {
    using described = symbol_of<X>;
    if constexpr (!is_free<X> && !is_state<X>) {
      diagnostics::report<diagnostics::reference_for_what_no_rule_moves<typename described::label,
                                                                        typename described::role>>();
      return stated<typename described::label, indices<mistaken_axis>>({});
    } else {
      ir::Program& program = current_program();
      return stated<typename described::label, axes_of<X>>(
          {program.rule(Kernel.view(), x.tensor),
           {},
           Holds,
           std::move(citation),
           make_origin("reference for " + x.tensor->name + " in " + std::string(Kernel.view()), where)});
    }
  }
  /// The kernel itself, where the program has a name for it.
  template <fixed_string Kernel, class Mentions, class X>
  auto operator()(const kernel_of<Kernel, Mentions>&, const X& x, ir::Citation citation = {},
                  const std::source_location& where = std::source_location::current()) const {
    return (*this)(kernel_declaration<Kernel>{}, x, std::move(citation), where);
  }
  template <class I, class R>
  auto operator()(const expr<I, R>& quantity, ir::Citation citation = {},
                  const std::source_location& where = std::source_location::current()) const {
    return stated<name<"expression">, I>(
        {quantity.ir, {}, Holds, std::move(citation), make_origin("reference", where)});
  }
};

}  // namespace detail

/// `reference(kernel<"infer">, x) = e`, or with the kernel itself: what dF/dx in that kernel should be (of
/// `solve`, the value).
/// `verify` proves or refutes it.
inline constexpr detail::reference_declaration<true> reference{};
/// The same for a rule that is known to be wrong: it must be refuted.
inline constexpr detail::reference_declaration<false> refuted{};

namespace detail {
template <class Symbol>
struct held_symbol;
template <ir::Role Role, fixed_string Name, class... Axes>
struct held_symbol<symbol<Role, Name, Axes...>> {
  using type = symbol<ir::Role::temporary, joined_name<Name, "_held">(), Axes...>;
};
}  // namespace detail

/// The value of a variable at hold(predictions(p)), in a reference to a rule of a kernel that has it.
template <class Symbol>
  requires(Symbol::role == ir::Role::variable)
auto held(const handle<Symbol>& x) {
  handle<typename detail::held_symbol<Symbol>::type> out;
  ir::Context& context = detail::current_context();
  out.tensor = ir::held_copy(context, x.tensor);
  out.ir = ir::element(context, out.tensor);
  return out;
}

/// The derivative, element by element, of the function applied last, at its argument: slope(tanh(a)) is
/// 1 - tanh(a)^2. Throws ir::ModelError where the outermost operation is no function of one argument.
template <class I, class R>
expr<I, R> slope(const expr<I, R>& e, const std::source_location& where = std::source_location::current()) {
  if (e.ir->op != ir::Op::Map || e.ir->args.size() != 1) {
    throw ir::ModelError(
        "slope(e) is the derivative of a function at its argument: expected a function of one argument as "
        "the "
        "outermost operation, found none; write for example slope(tanh(a))",
        detail::make_origin("slope", where));
  }
  return {ir::row(e.ir->function).derivative(0, e.ir->args, e.ir)};
}

}  // namespace freefall

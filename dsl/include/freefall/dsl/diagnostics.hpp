#pragma once
// What the C++ compiler says of a wrong specification: one class a rule. Its template arguments are the
// evidence and show in the message as `name<"h">` or `axis<"pixel">`; its static_assert says what to do.
//
// Whoever finds an error names the class and goes on with something harmless, so that one mistake gives one
// message.

#include "codegen/ir/reserved_names.hpp"
#include "freefall/dsl/name.hpp"

namespace freefall::diagnostics {

template <class...>
inline constexpr bool accepted = false;

/// Instantiates a rule's class, whose static_assert then fails.
template <class Rule>
constexpr void report() {
  static_cast<void>(sizeof(Rule));
}

// ---- names and declarations
// ---------------------------------------------------------------------------------------

template <class Name>
struct name_is_not_an_identifier {
  static_assert(
      accepted<Name>,
      "freefall: this name becomes an identifier of the generated kernel: use letters, digits and _, "
      "and do not begin with a digit");
};

template <class Name>
struct name_is_reserved {
  static_assert(
      accepted<Name>,
      "freefall: C++ or the generated kernels use this name themselves: give the declaration another");
};

template <fixed_string Name>
constexpr void check_name() {
  if constexpr (!detail::is_identifier(Name.view())) {
    report<name_is_not_an_identifier<name<Name>>>();
  } else if constexpr (ir::is_reserved_name(Name.view())) {
    report<name_is_reserved<name<Name>>>();
  }
}

template <class Place, class Argument>
struct not_an_axis {
  static_assert(
      accepted<Place, Argument>,
      "freefall: an axis is expected here: declare one, axis<\"unit\"> unit or plate<\"batch\"> batch, "
      "and give that object; its size is given when the model is specialised");
};

template <class Symbol, class Axis>
struct axis_repeated {
  static_assert(accepted<Symbol, Axis>,
                "freefall: the same axis stands twice in one declaration: write the second as axis.prime(), "
                "after the axis itself");
};

template <class Symbol, class Axis>
struct primed_axis_alone {
  static_assert(accepted<Symbol, Axis>,
                "freefall: a primed axis is the second index on an axis: give the axis itself too, in a "
                "variable before it");
};

template <class Name>
struct declared_twice {
  static_assert(accepted<Name>,
                "freefall: this name is declared twice, with other axes or another role: give one of the two "
                "another name");
};

template <class Symbol, class Row, class Column>
struct no_diagonal_of_no_square {
  static_assert(accepted<Symbol, Row, Column>,
                "freefall: no_diagonal is for a parameter with an axis and the same axis primed: "
                "parameter<\"J\">(unit, unit.prime(), no_diagonal)");
};

// ---- expressions
// --------------------------------------------------------------------------------------------------

template <class Left, class LeftAxes, class Right, class RightAxes>
struct product_of_axes_that_differ {
  static_assert(
      accepted<Left, LeftAxes, Right, RightAxes>,
      "freefall: a * b sums over the axis both sides have, and these two have none in common: check the "
      "axes of the two sides; for all pairs of elements write hadamard(a, b)");
};

template <class Left, class LeftAxes, class Right, class RightAxes>
struct ambiguous_product {
  static_assert(accepted<Left, LeftAxes, Right, RightAxes>,
                "freefall: a * b may mean two things here: write hadamard(a, b) for the product of elements, "
                "dot(a, b) for the sum over all shared axes, or dot(a, b, axis) for the sum over one");
};

template <class Left, class LeftAxes, class Right, class RightAxes>
struct sum_of_axes_that_differ {
  static_assert(
      accepted<Left, LeftAxes, Right, RightAxes>,
      "freefall: +, - and / work on elements, and one side must have all axes of the other (plates are "
      "free): check the axes of the two sides");
};

template <class Axis, class Axes>
struct axis_not_in_expression {
  static_assert(accepted<Axis, Axes>,
                "freefall: the expression has no such axis to sum over: sum over one of the axes it has");
};

// ---- models
// -------------------------------------------------------------------------------------------------------

template <class Symbol, class Role>
struct drawn_is_not_a_variable {
  static_assert(accepted<Symbol, Role>,
                "freefall: only a variable is drawn: x <<= density(...) where x = variable<...>(...), not a "
                "parameter, an input or an expression");
};

template <class Variable, class Density, class Axes>
struct argument_has_an_axis_the_variable_lacks {
  static_assert(
      accepted<Variable, Density, Axes>,
      "freefall: what this density is given varies over an axis that its variable has not: sum over it, or "
      "declare the variable with it (for x.prime(), write J * prime(x))");
};

template <class Variable, class Kind, class Axes>
struct spread_does_not_fit {
  static_assert(
      accepted<Variable, Kind, Axes>,
      "freefall: a precision, variance or covariance must fit its variable: a precision or variance has "
      "axes of the variable only; a full matrix (precision or covariance) also has one of them primed, "
      "as in P(x, x.prime())");
};

template <class Spread>
struct spread_without_kind {
  static_assert(
      accepted<Spread>,
      "freefall: say what the second argument of normal is: precision(e), variance(e) or covariance(S)");
};

template <class Model, class Argument>
struct not_a_factor {
  static_assert(accepted<Model, Argument>,
                "freefall: a model takes factors, x <<= density(...), or layers of them");
};

template <class Variable>
struct drawn_twice {
  static_assert(accepted<Variable>,
                "freefall: this variable is drawn twice in one model: leave one x <<= density(...) for each "
                "variable");
};

template <class... Variables>
struct cycle {
  static_assert(
      accepted<Variables...>,
      "freefall: these variables depend on themselves within one time step: a model is a joint density, "
      "so remove one of the arrows between them");
};

// ---- families and functionals
// -------------------------------------------------------------------------------------

template <class Symbol, class Role>
struct member_is_not_a_variable {
  static_assert(
      accepted<Symbol, Role>,
      "freefall: a family holds variables; a parameter or an input is not latent: leave it out of the "
      "family, and descend a parameter in a kernel");
};

template <class Argument>
struct not_a_member {
  static_assert(accepted<Argument>, "freefall: a family takes members such as delta(x), or layers of them");
};

template <class Variable>
struct member_twice {
  static_assert(accepted<Variable>, "freefall: this variable has two members in one family: leave one");
};

template <class Variable, class Model>
struct latent_without_factor {
  static_assert(accepted<Variable, Model>,
                "freefall: this variable is latent, in the family, but the model does not draw it: add "
                "x <<= density(...) to the model or leave x out of the family");
};

template <class Variable, class Density, class Family>
struct no_expectation_rule {
  static_assert(
      accepted<Variable, Density, Family>,
      "freefall: there is no rule for the expectation of this density under this family: choose another "
      "family for the variable, such as delta(x)");
};

template <class Model>
struct free_energy_of_conditionals {
  static_assert(
      accepted<Model>,
      "freefall: full conditionals claim no joint density, so they have no free energy as a whole: write "
      "local_free_energy(p, q)");
};

template <class Model>
struct local_free_energy_of_joint {
  static_assert(
      accepted<Model>,
      "freefall: a model is a joint density, and its free energy is one number: write free_energy(p, q), "
      "or give the densities as conditionals<\"name\">(...)");
};

template <class Model, class Latent>
struct local_free_energy_of_several {
  static_assert(
      accepted<Model, Latent>,
      "freefall: a local free energy has the axes of one variable, so its family has one member: give each "
      "variable a family and a local free energy of its own");
};

// ---- descents and schedules
// ---------------------------------------------------------------------------------------

template <class Setting, class Axes>
struct setting_is_not_scalar {
  static_assert(
      accepted<Setting, Axes>,
      "freefall: a setting of a descent is a number or a scalar expression, and this one has axes: give a "
      "number, an input<...>() without axes, or sum over them");
};

template <class Axes>
struct functional_is_not_scalar {
  static_assert(accepted<Axes>,
                "freefall: what is descended is a scalar: sum the expression over the axes it has");
};

template <class... Arguments>
struct descend_without_method {
  static_assert(accepted<Arguments...>,
                "freefall: descend(F, targets..., method) ends with a method: rate(0.1), sgd(rate), "
                "momentum(rate, 0.9) or adam(rate)");
};

template <class... Arguments>
struct descend_without_target {
  static_assert(
      accepted<Arguments...>,
      "freefall: descend(F, targets..., method) needs variables or parameters between F and the method");
};

template <class Target>
struct target_twice {
  static_assert(accepted<Target>, "freefall: this target stands twice in one descend: leave one");
};

template <class Target, class Role>
struct target_is_not_free {
  static_assert(
      accepted<Target, Role>,
      "freefall: what falls is a variable or a parameter; an input or a constant is given: declare it as a "
      "parameter, or do not descend it");
};

template <class Symbol, class Role>
struct presynaptic_is_not_a_variable {
  static_assert(
      accepted<Symbol, Role>,
      "freefall: presynaptic(x) reads the activity of a rule from the variable x: give a variable<...>, or "
      "leave presynaptic out");
};

template <class Axes>
struct solve_of_no_local_functional {
  static_assert(accepted<Axes>,
                "freefall: solve(F, q) sets each element of q to the minimum of its own functional: "
                "F = local_free_energy(p, q)");
};

template <class Variable>
struct solved_is_not_latent {
  static_assert(
      accepted<Variable>,
      "freefall: solve(F, q) needs the family that F was made with: this variable has no member in q");
};

template <class Variable, class Axes>
struct one_of_several_axes {
  static_assert(
      accepted<Variable, Axes>,
      "freefall: the value of one_of<...> is an index of one axis: give it plates and exactly one axis");
};

template <class Outcome>
struct preference_for_no_outcome {
  static_assert(accepted<Outcome>,
                "freefall: preference(o, C) is for an outcome that the model draws: give a one_of<...>");
};

template <class State>
struct posterior_of_no_variable {
  static_assert(accepted<State>,
                "freefall: posterior(s, P) is for the state on which an outcome depends: give a one_of<...>");
};

template <class Name, class Axis>
struct branch_of_no_axis {
  static_assert(
      accepted<Name, Axis>,
      "freefall: branch<...>(move) has one copy for each value of an axis: give an axis<...>, not a plate, "
      "ticks or a primed axis");
};

template <class Axes>
struct softmax_over_no_branch {
  static_assert(
      accepted<Axes>,
      "freefall: softmax(e) is over the branches of policies, and this expression has none: give the axes, "
      "softmax(e, axis)");
};

template <class Argument, class Role>
struct chosen_is_not_a_variable {
  static_assert(accepted<Argument, Role>,
                "freefall: choose and draw set a variable to one index of its axis: give a one_of<...>");
};

template <class Variable, class Axes>
struct choice_among_other_axes {
  static_assert(
      accepted<Variable, Axes>,
      "freefall: a value is chosen by scores over its own axis and plates: sum over these axes; of branches "
      "of policies, take marginal(q, first)");
};

template <class Variable, class Family>
struct no_probabilities {
  static_assert(accepted<Variable, Family>,
                "freefall: solve(F, q, s) is for the probabilities of s: give it the member categorical(s), "
                "exact(s) or, "
                "for a table, dirichlet(s) in q");
};

template <class Table>
struct table_without_axis {
  static_assert(
      accepted<Table>,
      "freefall: a dirichlet table has an axis over which its probabilities sum to one: give it an axis "
      "that is no plate, that of the outcome first");
};

template <class Table>
struct concentration_of_no_dirichlet {
  static_assert(
      accepted<Table>,
      "freefall: concentration(q, A) is that of a variable with the member dirichlet(A) in q: add the "
      "member");
};

template <class Variable, class Family>
struct no_natural_parameter {
  static_assert(
      accepted<Variable, Family>,
      "freefall: this family has no natural parameter, so there is nothing to solve for, to draw from or to "
      "take the mean of: give the variable the family of its density");
};

template <class Target>
struct target_is_given {
  static_assert(
      accepted<Target>,
      "freefall: this variable is given, since the family of the functional has no member for it: add "
      "delta(x) to the family, or do not descend it");
};

template <class Target>
struct target_not_in_functional {
  static_assert(
      accepted<Target>,
      "freefall: the functional does not contain this target, so it would not move: descend a functional "
      "that does, or leave the target out");
};

template <class Argument>
struct not_a_statement {
  static_assert(accepted<Argument>,
                "freefall: a schedule takes statements (forward, predict, hold, descend, repeat, until, "
                "in_order, evaluate); an "
                "expression stands only directly in a kernel, or as evaluate<\"name\">(e)");
};

template <class... Evidence>
struct repeat_without_statements {
  static_assert(accepted<Evidence...>,
                "freefall: repeat and until need statements: repeat(20, descend(F, x, rate(0.1)))");
};

template <class Axis>
struct scanned_is_no_axis {
  static_assert(
      accepted<Axis>,
      "freefall: a scan visits the elements of an axis, one after the other: scan(unit, ...) with "
      "axis<\"unit\"> unit, not primed; the copies of a plate are independent and need no scan, and for "
      "ticks write each_tick(t, ...)");
};

template <class Target, class Axis>
struct scanned_without_axis {
  static_assert(accepted<Target, Axis>,
                "freefall: a scan moves the elements of its axis, and this target does not have that axis: "
                "move it before or after the scan");
};

template <class Argument>
struct held_is_not_predictions {
  static_assert(accepted<Argument>,
                "freefall: what can be held are the predictions of a model: write hold(predictions(p))");
};

template <class... Descended>
struct until_without_bounds {
  static_assert(accepted<Descended...>,
                "freefall: until begins with both of its bounds: until(tolerance(1e-6), at_most(1000), "
                "statements...)");
};

template <class Kernel, class Arguments>
struct kernel_without_statements {
  static_assert(accepted<Kernel, Arguments>,
                "freefall: this kernel does nothing: give it statements or an expression");
};

template <class Kernel>
struct kernel_of_several_expressions {
  static_assert(
      accepted<Kernel>,
      "freefall: one expression takes the name of its kernel; name several with evaluate<\"name\">(e)");
};

template <class Result, class Axes>
struct result_has_a_primed_axis_alone {
  static_assert(
      accepted<Result, Axes>,
      "freefall: a result with a primed axis needs the axis itself too: exchange them with prime(e)");
};

template <class Kernel>
struct kernel_named_twice {
  static_assert(accepted<Kernel>, "freefall: two kernels have this name: give one of them another");
};

template <class Argument>
struct not_a_kernel {
  static_assert(accepted<Argument>,
                "freefall: a program is made of kernels, kernel<\"name\">(...), and stated rules, "
                "reference(kernel, x) = expression; models and functionals are known from the kernels");
};

template <class Parent>
struct marginal_over_no_parent {
  static_assert(accepted<Parent>,
                "freefall: marginal integrates a density over one of its parents: give a declared symbol the "
                "density reads, such as previous(x)");
};

template <class Variable, class Axes>
struct gaussian_over_several_axes {
  static_assert(
      accepted<Variable, Axes>,
      "freefall: a gaussian member has a precision over one axis: give the variable one axis beside "
      "its plates, or use delta");
};

template <class Variable>
struct precision_of_no_gaussian {
  static_assert(accepted<Variable>,
                "freefall: precision(q, x) is that of a variable with the member gaussian(x) in q: add the "
                "member; for the spread of a density write precision(e)");
};

template <class Argument, class Role>
struct solve_target_is_not_latent {
  static_assert(
      accepted<Argument, Role>,
      "freefall: solve takes latent variables and precisions precision(q, x): what is learned or "
      "given does not go to a stationary point in one step: descend a parameter, leave an input out");
};

template <class Argument, class Role>
struct previous_of_no_variable {
  static_assert(
      accepted<Argument, Role>,
      "freefall: previous takes a declared variable: only variables change from tick to tick and are "
      "carried over; give an earlier input as an input of its own");
};

template <class Argument, class Role>
struct advanced_is_not_a_variable {
  static_assert(accepted<Argument, Role>,
                "freefall: advance takes what a tick carries on: advance(x), where x is a variable<...> and "
                "previous(x) stands in the model, a trace<...>, or events with a voltage<...>");
};

template <class Statement>
struct advance_without_variables {
  static_assert(accepted<Statement>,
                "freefall: advance takes the variables, traces and voltages that a tick carries on: "
                "advance(x, ...)");
};

template <class Argument, class Role>
struct predicted_is_not_a_variable {
  static_assert(
      accepted<Argument, Role>,
      "freefall: predict takes variables the model draws, not parameters, inputs or expressions: give the "
      "variable itself, predict(y)");
};

template <class Variable>
struct predicted_without_factor {
  static_assert(
      accepted<Variable>,
      "freefall: no model of this program draws this variable, so there is no density to predict it from: "
      "add x <<= density(...) to the model");
};

template <class Variable>
struct predicted_is_latent {
  static_assert(
      accepted<Variable>,
      "freefall: this variable is latent, in the family: predict is for given variables; forward(p) "
      "already sets latent ones to their means");
};

// ---- events
// -------------------------------------------------------------------------------------------------------

template <class Trace>
struct trace_without_decay {
  static_assert(accepted<Trace>,
                "freefall: a trace leaks: give it one scalar decay, the part of it that is lost in a tick: "
                "trace<\"r\">(axes..., decay(leak))");
};

template <class Trace, class Axes>
struct drive_has_an_axis_the_trace_lacks {
  static_assert(
      accepted<Trace, Axes>,
      "freefall: a trace takes its axes, a decay and a drive with no other axes than its own: sum the drive "
      "over the others, or declare the trace with them");
};

template <class Couplings, class Needed>
struct couplings_of_other_axes {
  static_assert(
      accepted<Couplings, Needed>,
      "freefall: the couplings of a voltage go from each element to each: declare them with the axis "
      "of the events and its second index, W(axis, axis.prime()) or W(axis.prime(), axis)");
};

// ---- references
// ----------------------------------------------------------------------------------------------------

template <class Symbol, class Role>
struct reference_for_what_no_rule_moves {
  static_assert(
      accepted<Symbol, Role>,
      "freefall: reference(kernel<\"name\">, x) states the rule of a variable or a parameter x; for any "
      "other quantity write reference(quantity) = expression");
};

template <class Rule, class Axis>
struct reference_has_an_axis_the_rule_lacks {
  static_assert(accepted<Rule, Axis>,
                "freefall: this reference varies over an axis that the rule it states has not: sum over it");
};

}  // namespace freefall::diagnostics

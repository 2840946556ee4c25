#pragma once
// Schedules: what is done, how often, in which order; and the program that leaves define().
//
//   forward(p)                           latent variables take the mean of their density, parents first
//   forward(p, q)                        the same where a program has several families for p
//   predict(digit)                       a given variable takes the mean of its density: here it is a result
//   repeat(20, statements...)            a number of times
//   until(tolerance(1e-6), at_most(1000), statements...)
//                                        until no element changes by more than the tolerance in one pass
//   hold(predictions(p))                 from here to the end of the block the predictions of p keep the
//   values they
//                                        have at this point: differentiate first, freeze after. Rules after
//                                        it are no gradients of F, and the report marks them
//   in_order(statements...)              one after the other, a descent target by target
//   children_first(descend(...), ...)    target by target in reverse order of dependence: under hold, one
//   pass with
//                                        rate(1) is the exact reverse sweep
//   simultaneously(descend(...), ...)    all targets move at once, by gradients taken at the same state
//   scan(unit, statements...)            one element of an axis after the other: descend, solve, draw(q) and
//                                        forward(q) move that element alone, and those after it see its new
//                                        value (Gauss-Seidel; Gibbs sampling by a systematic scan)
//   scan_backwards(unit, statements...)  the last element first
//   scan_at_random(unit, statements...)  as many visits as there are elements, each to one drawn from all
//   scan_shuffled(unit, statements...)   each element once, in a random order; orders are drawn by counter
//   each_tick(t, statements...)          the same over time: one tick after the other. advance, fire and
//                                        record too: traces and events take from drives and energies over t
//                                        what they have at the tick
//   each_tick_backwards(t, statements...)
//                                        the last tick first: time-blocked inference, backpropagation
//                                        through time
//   evaluate<"name">(e)                  the value of an expression as a result; plates first, then axes by
//                                        name
//   record<"name">(t, e)                 in each_tick: its value at every tick as a result, over t first
//   kernel<"name">(statements...)        a callable function; one expression here is a result named like the
//                                        kernel
//   program{kernels...}                  everything declared since the last program

#include <cmath>
#include <cstddef>

#include "freefall/dsl/descent.hpp"

namespace freefall {

// ---- statements
// ---------------------------------------------------------------------------------------------------

namespace detail {

/// The family that goes with a model: that of its free energy, or the only one. Throws ir::ModelError.
inline std::size_t family_of(std::size_t model, const std::source_location& where) {
  const ir::Program& program = current_program();
  std::vector<std::size_t> found;
  for (const ir::Functional& f : program.functionals) {
    if (f.model == model) found.push_back(f.family);
  }
  if (found.empty() && program.families.size() == 1) found.push_back(0);
  if (found.size() != 1) {
    throw ir::ModelError(
        fmt::format("forward({0}) needs one family to know what is latent, and {1} go with the model '{0}': "
                    "write forward({0}, q), or declare the free energy before the kernel",
                    program.models[model].name, found.size()),
        make_origin("forward", where));
  }
  return found.front();
}

/// The model that draws a variable. Throws ir::ModelError.
inline std::size_t model_of(const ir::Tensor* variable, const std::source_location& where) {
  const ir::Program& program = current_program();
  std::vector<std::size_t> found;
  for (std::size_t m = 0; m < program.models.size(); ++m) {
    for (const ir::Factor& f : program.models[m].factors) {
      if (f.variable == variable) found.push_back(m);
    }
  }
  if (found.size() != 1) {
    throw ir::ModelError(
        fmt::format("predict({}) needs one model that draws the variable, and {} do: {}", variable->name,
                    found.size(), found.empty() ? "add a factor for it" : "write predict(p, variable)"),
        make_origin("predict", where));
  }
  return found.front();
}

/// A model a statement names without a family, and the variables it draws.
template <class Name, class Drawn>
struct drawn_by {};
template <class Joint>
struct draws;
template <fixed_string Name, class... Factors>
struct draws<joint<Name, Factors...>> {
  using type = reads<drawn_by<name<Name>, types<typename Factors::variable::label...>>>;
};

template <class T>
struct is_statement : std::false_type {};
template <class Mentions>
struct is_statement<statement<Mentions>> : std::true_type {};
template <class T>
struct is_no_statement : std::bool_constant<!is_statement<T>::value> {};

template <class Statements>
struct mentions_of;
template <class... Ts>
struct mentions_of<types<Ts...>> {
  using type = typename merge<reads<>, typename Ts::mentions...>::type;
};

struct make_block {
  template <class... Ts>
  ir::Block operator()(const Ts&... ts) const {
    return {ts.ir...};
  }
};

/// A statement around others: `wrap` makes it of their block.
template <class Wrap, class... Args>
auto make_loop(const Wrap& wrap, const ir::Origin& origin, const Args&... args) {
  using arguments = elements<Args...>;
  using strangers = typename filter<arguments, is_no_statement>::type;
  if constexpr (length<strangers> > 0) {
    using stranger = typename first<strangers>::type;
    diagnostics::report<diagnostics::not_a_statement<typename symbol_of<stranger>::label>>();
    return statement<reads<>>{};
  } else {
    if constexpr (length<arguments> == 0)
      diagnostics::report<diagnostics::repeat_without_statements<arguments>>();
    using mentions = typename mentions_of<arguments>::type;
    return statement<mentions>{{wrap(hana::unpack(flatten(args...), make_block{})), origin}};
  }
}

/// The same where the place is that of the first statement.
template <class Wrap, class... Args>
auto make_around(const Wrap& wrap, const Args&... args) {
  auto out = make_loop(wrap, ir::Origin{}, args...);
  if constexpr (sizeof...(Args) > 0) {
    std::visit(
        [&](const auto& action) {
          if constexpr (requires { action.body.front().origin; }) {
            if (!action.body.empty()) out.ir.origin = action.body.front().origin;
          }
        },
        out.ir.action);
  }
  return out;
}

template <class Mentioned, class V>
auto make_predict(const std::size_t* model, const std::source_location& where, const V& variable) {
  using predicts = reads<predicted<typename symbol_of<V>::label>>;
  using mentions = typename merge<Mentioned, predicts>::type;
  if constexpr (!is_variable<V>) {
    using described = symbol_of<V>;
    diagnostics::report<
        diagnostics::predicted_is_not_a_variable<typename described::label, typename described::role>>();
    return statement<reads<>>{};
  } else {
    const std::size_t of = model != nullptr ? *model : model_of(variable.tensor, where);
    return statement<mentions>{
        {ir::Predict{of, {variable.tensor}}, make_origin("predict " + variable.tensor->name, where)}};
  }
}

/// A count with the place it was written at.
struct times {
  std::size_t count;
  std::source_location where;
  template <std::integral T>
  times(T n, const std::source_location& at = std::source_location::current())
      : count(static_cast<std::size_t>(n)), where(at) {
    if (n < 1)
      throw ir::ModelError(
          fmt::format("repeat({}, ...): found {} repetitions, expected at least 1; give a whole number, or "
                      "leave the repeat out",
                      n, n),
          make_origin("repeat", where));
  }
};

}  // namespace detail

/// Latent variables of q take the means of their densities, parents first.
template <fixed_string Name, class... Factors, class... Members>
auto forward(const joint<Name, Factors...>& p, const approximation<Members...>& q,
             const std::source_location& where = std::source_location::current()) {
  detail::check_functional<Name>(types<Factors...>{}, types<Members...>{});
  using roles = detail::roles<joint<Name, Factors...>, approximation<Members...>>;
  const ir::Origin origin = detail::make_origin("forward(" + std::string(Name.view()) + ")", where);
  return statement<reads<detail::functional_of<Name, roles>>>{{ir::Forward{p.position, q.position}, origin}};
}
/// The same with the one family that goes with the model. Throws ir::ModelError where there are several.
template <fixed_string Name, class... Factors>
auto forward(const joint<Name, Factors...>& p,
             const std::source_location& where = std::source_location::current()) {
  using mentions = typename detail::draws<joint<Name, Factors...>>::type;
  const ir::Origin origin = detail::make_origin("forward(" + std::string(Name.view()) + ")", where);
  return statement<mentions>{{ir::Forward{p.position, detail::family_of(p.position, where)}, origin}};
}

/// A given variable takes the mean of its density. Throws ir::ModelError where no model or several draw it.
template <class V>
auto predict(const V& variable, const std::source_location& where = std::source_location::current()) {
  return detail::make_predict<reads<>>(nullptr, where, variable);
}
/// The same with the model that draws it.
template <fixed_string Name, class... Factors, class V>
auto predict(const joint<Name, Factors...>& p, const V& variable,
             const std::source_location& where = std::source_location::current()) {
  return detail::make_predict<typename detail::draws<joint<Name, Factors...>>::type>(&p.position, where,
                                                                                     variable);
}

namespace detail {
struct predictions_of {
  std::size_t model = 0;
  std::string name;
};
}  // namespace detail

/// The predictions of a model: the first argument of each density, a mean.
template <fixed_string Name, class... Factors>
auto predictions(const joint<Name, Factors...>& p) {
  return detail::predictions_of{p.position, std::string(Name.view())};
}

/// From here to the end of the block predictions and their derivatives keep their values; rules are derived
/// before. Such a rule is no gradient of F, and is marked.
inline auto hold(const detail::predictions_of& predictions,
                 const std::source_location& where = std::source_location::current()) {
  return statement<reads<>>{{ir::Hold{predictions.model},
                             detail::make_origin("hold(predictions(" + predictions.name + "))", where)}};
}
/// Refused at compile time: only predictions can be held.
template <class T>
auto hold(const T&) {
  diagnostics::report<diagnostics::held_is_not_predictions<typename detail::symbol_of<T>::label>>();
  return statement<reads<>>{};
}

/// The first bound of `until`: the largest absolute change that ends it.
struct tolerance {
  /// The largest absolute change of an element.
  double value;
  std::source_location where;
  /// A finite number that is not negative. Throws ir::ModelError.
  explicit tolerance(double largest_change, const std::source_location& at = std::source_location::current())
      : value(largest_change), where(at) {
    if (!(value >= 0.0) || !std::isfinite(value)) {
      throw ir::ModelError(
          fmt::format("tolerance({}): expected a finite number that is not negative, the largest change of a "
                      "pass that ends the loop; give for example tolerance(1e-6)",
                      value),
          detail::make_origin("tolerance", where));
    }
  }
};
/// The second bound of `until`: the number of passes after which it gives up.
struct at_most {
  std::size_t value;
  /// At least 1. Throws ir::ModelError.
  template <std::integral T>
  explicit at_most(T passes, const std::source_location& where = std::source_location::current())
      : value(static_cast<std::size_t>(passes)) {
    if (passes < 1)
      throw ir::ModelError(fmt::format("at_most({}): expected at least 1 pass; give the number of passes "
                                       "after which the loop gives up, for example at_most(1000)",
                                       passes),
                           detail::make_origin("at_most", where));
  }
};

/// The statements n times, n at least 1. Throws ir::ModelError.
template <class... Args>
auto repeat(const detail::times& times, const Args&... args) {
  return detail::make_loop([&](ir::Block body) { return ir::Repeat{times.count, std::move(body)}; },
                           detail::make_origin(fmt::format("repeat({})", times.count), times.where), args...);
}

/// Target by target, each from the values the one before has left.
template <class... Args>
auto in_order(const Args&... args) {
  return detail::make_around([](ir::Block body) { return ir::InOrder{std::move(body)}; }, args...);
}
/// Target by target in reverse order of dependence; under hold one pass with rate(1) is the exact reverse
/// sweep.
template <class... Args>
auto children_first(const Args&... args) {
  return detail::make_around([](ir::Block body) { return ir::InOrder{std::move(body), true}; }, args...);
}
/// All targets from the same values.
template <class... Args>
auto simultaneously(const Args&... args) {
  return detail::make_around([](ir::Block body) { return ir::Simultaneously{std::move(body)}; }, args...);
}

/// The rules of one tick after the other, from the first.
template <fixed_string Time, class... Args>
auto each_tick(ticks<Time>, const Args&... args) {
  const ir::Axis* axis = detail::ir_axis<ticks<Time>>(detail::current_context());
  return detail::make_around(
      [axis](ir::Block body) { return ir::Scan{axis, ir::Order::forwards, std::move(body)}; }, args...);
}
/// The rules of one tick after the other, from the last.
template <fixed_string Time, class... Args>
auto each_tick_backwards(ticks<Time>, const Args&... args) {
  const ir::Axis* axis = detail::ir_axis<ticks<Time>>(detail::current_context());
  return detail::make_around(
      [axis](ir::Block body) { return ir::Scan{axis, ir::Order::backwards, std::move(body)}; }, args...);
}

namespace detail {

template <class Axis, class Label, class Axes>
constexpr void check_scanned(moved<Label, Axes>) {
  if constexpr (!contains<Axis, Axes>) diagnostics::report<diagnostics::scanned_without_axis<Label, Axis>>();
}
template <class Axis, class Mention>
constexpr void check_scanned(Mention) {}
template <class Axis, class... Mentions>
constexpr void check_scan(reads<Mentions...>) {
  (check_scanned<Axis>(Mentions{}), ...);
}

/// The rules of `args` for one element of the axis after the other.
template <class Axis, class... Args>
auto make_scan(ir::Order order, const Args&... args) {
  if constexpr (!is_axis<Axis> || requires { Axis::is_ticks; } || Axis::is_plate || Axis::level != 0) {
    diagnostics::report<diagnostics::scanned_is_no_axis<Axis>>();
    return statement<reads<>>{};
  } else {
    const ir::Axis* axis = ir_axis<Axis>(current_context());
    auto out = make_around([&](ir::Block body) { return ir::Scan{axis, order, std::move(body)}; }, args...);
    check_scan<Axis>(typename decltype(out)::mentions{});
    return out;
  }
}

}  // namespace detail

/// The rules of one element of an axis after the other, in order.
template <class Axis, class... Args>
auto scan(Axis, const Args&... args) {
  return detail::make_scan<Axis>(ir::Order::forwards, args...);
}
/// The rules of one element after the other, from the last.
template <class Axis, class... Args>
auto scan_backwards(Axis, const Args&... args) {
  return detail::make_scan<Axis>(ir::Order::backwards, args...);
}
/// As many visits as there are elements, each of an element drawn anew.
template <class Axis, class... Args>
auto scan_at_random(Axis, const Args&... args) {
  return detail::make_scan<Axis>(ir::Order::random, args...);
}
/// Every element once, in an order drawn anew.
template <class Axis, class... Args>
auto scan_shuffled(Axis, const Args&... args) {
  return detail::make_scan<Axis>(ir::Order::shuffled, args...);
}

/// Until no element changes by more than the tolerance in a pass, or `passes` passes are made; the instance
/// says how many in passes().
template <class... Args>
auto until(const tolerance& change, const at_most& passes, const Args&... args) {
  return detail::make_loop(
      [&](ir::Block body) { return ir::Until{change.value, passes.value, std::move(body)}; },
      detail::make_origin(fmt::format("until({})", change.value), change.where), args...);
}

namespace detail {
template <class T>
struct is_name : std::false_type {};
template <fixed_string Name>
struct is_name<name<Name>> : std::true_type {};
}  // namespace detail

/// Without both bounds: reported, with the names of what the loop descends.
template <class... Args>
auto until(const Args&...) {
  using statements = typename detail::filter<detail::elements<Args...>, detail::is_statement>::type;
  using mentions = typename detail::mentions_of<statements>::type;
  using descended = typename detail::filter<mentions, detail::is_name>::type;
  diagnostics::report<diagnostics::until_without_bounds<descended>>();
  return statement<mentions>{};
}

// ---- results and kernels
// ------------------------------------------------------------------------------------------

namespace detail {

/// A primed axis without the axis itself: the result could not be told from one with the axis.
template <class... Axes>
consteval bool has_lonely_prime(indices<Axes...>) {
  return ((Axes::level > 0 && !contains<typename exchange<Axes>::type, indices<Axes...>>) || ...);
}

/// A result named Name, over the axis it is recorded over, if any, then those of the expression: plates
/// first, then axes by name.
template <fixed_string Name>
struct result_declaration {
  template <class I, class R>
  static auto of(const expr<I, R>& e, const ir::Axis* recorded, const std::source_location& where) {
    diagnostics::check_name<Name>();
    if constexpr (has_lonely_prime(I{})) {
      diagnostics::report<diagnostics::result_has_a_primed_axis_alone<name<Name>, I>>();
    }
    ir::Context& context = current_context();
    std::vector<const ir::Axis*> axes;
    if (recorded != nullptr) axes.push_back(recorded);
    for (const bool plate : {true, false}) {
      for (const ir::Index& index : ir_indices<I>(context)) {
        if (index.axis->plate == plate && index.axis != recorded) axes.push_back(index.axis);
      }
    }
    if (const ir::Tensor* known = context.find_tensor(Name.view());
        known != nullptr && known->role != ir::Role::output) {
      throw ir::ModelError(
          fmt::format("the result '{0}' has the name of a declared symbol: name it otherwise with "
                      "evaluate<\"...\">(e), or give the kernel another name",
                      Name.view()),
          make_origin("evaluate", where));
    }
    const ir::Origin origin = make_origin("evaluate " + std::string(Name.view()), where);
    claim(origin, {e.ir});
    using mentions = typename filter<R, is_functional>::type;
    return statement<mentions>{
        {ir::Evaluate{context.tensor(Name.view(), axes, ir::Role::output), e.ir, recorded}, origin}};
  }
};

template <fixed_string Name>
struct evaluate_declaration {
  template <class I, class R>
  auto operator()(const expr<I, R>& e,
                  const std::source_location& where = std::source_location::current()) const {
    return result_declaration<Name>::of(e, nullptr, where);
  }
};
template <fixed_string Name>
struct record_declaration {
  template <fixed_string Time, class I, class R>
  auto operator()(ticks<Time>, const expr<I, R>& e,
                  const std::source_location& where = std::source_location::current()) const {
    return result_declaration<Name>::of(e, ir_axis<ticks<Time>>(current_context()), where);
  }
};

template <class T>
struct is_expression : std::bool_constant<symbolic<T>> {};
template <class T>
struct is_no_step : std::bool_constant<!symbolic<T> && !is_statement<T>::value> {};

/// A kernel argument as a statement: an expression becomes a result named like the kernel.
template <fixed_string Name, class Mentions>
const statement<Mentions>& as_statement(const statement<Mentions>& argument) {
  return argument;
}
template <fixed_string Name, class I, class R>
auto as_statement(const expr<I, R>& argument) {
  return evaluate_declaration<Name>{}(argument);
}

}  // namespace detail

/// `evaluate<"name">(e)`: the value of an expression as a result of the kernel.
template <fixed_string Name>
inline constexpr detail::evaluate_declaration<Name> evaluate{};
/// `record<"name">(t, e)` in each_tick(t, ...): the value of an expression at each tick as a result of the
/// kernel, over t first.
template <fixed_string Name>
inline constexpr detail::record_declaration<Name> record{};

template <fixed_string Name, class Mentions>
struct kernel_of {
  ir::Kernel ir;
};

namespace detail {

template <fixed_string Name>
struct kernel_declaration {
  template <class... Args>
  auto operator()(const Args&... args) const {
    diagnostics::check_name<Name>();
    using arguments = elements<Args...>;
    using strangers = typename filter<arguments, is_no_step>::type;
    if constexpr (length<strangers> > 0) {
      diagnostics::report<diagnostics::not_a_statement<typename first<strangers>::type>>();
      return kernel_of<Name, reads<>>{};
    } else if constexpr (length<arguments> == 0) {
      diagnostics::report<diagnostics::kernel_without_statements<name<Name>, arguments>>();
      return kernel_of<Name, reads<>>{};
    } else if constexpr (length<typename filter<arguments, is_expression>::type> > 1) {
      diagnostics::report<diagnostics::kernel_of_several_expressions<name<Name>>>();
      return kernel_of<Name, reads<>>{};
    } else {
      return hana::unpack(flatten(args...), make{});
    }
  }

 private:
  struct make {
    template <class... Args>
    auto operator()(const Args&... args) const {
      return of(as_statement<Name>(args)...);
    }
    template <class... Mentions>
    static auto of(const statement<Mentions>&... statements) {
      ir::Kernel kernel{std::string(Name.view()), {statements.ir...}, {}};
      for (const ir::Statement& s : kernel.body) {
        if (kernel.origin.line == 0) kernel.origin = s.origin;
      }
      kernel.origin.factor = "kernel " + kernel.name;
      return kernel_of<Name, typename merge<reads<>, Mentions...>::type>{std::move(kernel)};
    }
  };
};

// What the functionals and models a program mentions say of a predicted variable.
template <class Label, class Mention>
struct prediction {
  static constexpr bool model = false, drawn = false, latent = false;
};
template <class Label, class Name, class Drawn>
struct prediction<Label, drawn_by<Name, Drawn>> {
  static constexpr bool model = true, drawn = contains<Label, Drawn>, latent = false;
};
template <class Label, fixed_string Name, class Latent, class Observed, class Given, class Learned>
struct prediction<Label, functional<Name, Latent, Observed, Given, Learned>> {
  static constexpr bool model = true, drawn = contains<Label, Observed>, latent = contains<Label, Latent>;
};

template <class Mention, class... Mentions>
constexpr void check_prediction(reads<Mentions...>, Mention) {}
template <class Label, class... Mentions>
constexpr void check_prediction(reads<Mentions...>, predicted<Label>) {
  if constexpr ((prediction<Label, Mentions>::latent || ...)) {
    diagnostics::report<diagnostics::predicted_is_latent<Label>>();
  } else if constexpr ((prediction<Label, Mentions>::model || ...) &&
                       !(prediction<Label, Mentions>::drawn || ...)) {
    diagnostics::report<diagnostics::predicted_without_factor<Label>>();
  }
}

template <class... Mentions>
constexpr void check_predictions([[maybe_unused]] reads<Mentions...> all) {
  (check_prediction(all, Mentions{}), ...);
}

}  // namespace detail

/// `kernel<"name">(statements...)`: a function of the generated library. One expression alone is a result
/// named like the kernel.
template <fixed_string Name>
inline constexpr detail::kernel_declaration<Name> kernel{};

// ---- the program
// --------------------------------------------------------------------------------------------------

namespace detail {

/// A rule that was stated for comparison; the program has it.
struct stated_rule {};

template <class Part>
struct is_kernel : std::false_type {};
template <fixed_string Name, class Mentions>
struct is_kernel<kernel_of<Name, Mentions>> : std::true_type {};
template <class Part>
struct is_no_part : std::bool_constant<!is_kernel<Part>::value && !std::same_as<Part, stated_rule>> {};

template <fixed_string... Names, class... Mentions>
constexpr void check_kernels(types<kernel_of<Names, Mentions>...>) {
  constexpr std::size_t twice = first_duplicate(types<name<Names>...>{});
  if constexpr (twice < sizeof...(Names)) {
    diagnostics::report<diagnostics::kernel_named_twice<typename nth<twice, types<name<Names>...>>::type>>();
  }
  check_predictions(typename merge<reads<>, Mentions...>::type{});
}

}  // namespace detail

/// What define() returns: models, families, functionals and the given kernels, in order.
class program {
 public:
  /// Takes the kernels and everything declared since the last program. Rules may be stated among the kernels
  /// or before.
  template <class... Parts>
    requires(!std::same_as<Parts, program> && ...)
  program(const Parts&... parts) : ir_(std::exchange(detail::current_program(), ir::Program{})) {
    using strangers = typename detail::filter<types<Parts...>, detail::is_no_part>::type;
    if constexpr (detail::length<strangers> > 0) {
      diagnostics::report<diagnostics::not_a_kernel<typename detail::first<strangers>::type>>();
    } else {
      detail::check_kernels(typename detail::filter<types<Parts...>, detail::is_kernel>::type{});
      (add(parts), ...);
    }
  }

  /// What the compiler works on.
  const ir::Program& ir() const& { return ir_; }
  /// What the compiler works on.
  ir::Program ir() && { return std::move(ir_); }

 private:
  template <fixed_string Name, class Mentions>
  void add(const kernel_of<Name, Mentions>& kernel) {
    ir_.kernels.push_back(kernel.ir);
  }
  void add(const detail::stated_rule&) {}

  ir::Program ir_;
};

}  // namespace freefall

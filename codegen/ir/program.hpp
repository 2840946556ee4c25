#pragma once
// The program: what a specification says, before anything is derived.
//
// This is the public, untyped builder underneath the DSL; tests and fuzzers fill it at run time. It holds
// declared models (a density for each variable), variational families, functionals by name, and kernels as
// schedules of statements. Nothing here is derived: elaboration (codegen/elaborate) turns functionals into
// expressions, calculus turns descents into rules.

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "codegen/ir/expr.hpp"

namespace freefall::ir {

/// A wrong specification: the text names the user's variable, says what was expected and how to mend it, and
/// begins with the file and the line of the declaration where that is known.
class ModelError : public std::runtime_error {
 public:
  explicit ModelError(const std::string& text, const Origin& place = {});
  bool has_place() const { return has_place_; }

 private:
  bool has_place_;
};

/// What `action` returns. A ModelError it throws that has no place gets this one.
template <class Action>
decltype(auto) at_place(const Origin& place, const Action& action) {
  try {
    return action();
  } catch (const ModelError& e) {
    if (e.has_place()) throw;
    throw ModelError(e.what(), place);
  }
}

using NamedExpr = std::pair<std::string, Expr>;

/// `variable <<= density(arguments)`. Argument expressions carry the variable's own indices (level 0); a full
/// precision or covariance matrix also carries the primed index of the matrix axis.
struct Factor {
  const Tensor* variable = nullptr;
  std::string density;  ///< a row of the density table: "normal"
  /// "mean"; and at most one of "precision", "variance", "covariance", or several for a Kronecker product,
  /// each a matrix over an axis of its own.
  std::vector<NamedExpr> arguments;
  Origin origin;
  /// Parents that are integrated out: each is normal, its mean the tensor, its precision `precision_of` it.
  std::vector<const Tensor*> marginalised{};
  /// What the density is of where that is not the variable itself, over the variable's indices: its motion D
  /// x.
  Expr drawn{};
  /// The mean is linear in the latent variables about their own means (Gauss-Newton).
  bool linearised = false;
};

/// A joint density: one factor for each random variable. Or full conditionals, each of a variable given
/// everything else, without the claim that a joint density has them.
struct Model {
  std::string name;
  std::vector<Factor> factors;
  bool joint = true;
};

/// A variational density: one member for each latent variable. A variable that has no member is given.
struct Family {
  struct Member {
    const Tensor* variable = nullptr;
    std::string density;  ///< a row of the family table: "delta"
    Origin origin;
    Expr table{};  ///< of a conditional: its probabilities, read at other variables
  };
  std::vector<Member> members;
};

/// What is descended, referred to by the tensor `symbol`: a scalar, or a family of local functionals with the
/// axes of the variable whose elements they belong to.
struct Functional {
  enum class Kind {
    free_energy,           ///< E_q[ln q - ln p] of a joint density
    local_free_energy,     ///< the same of each full conditional, all other elements at their present values
    evidence_lower_bound,  ///< minus the free energy, to be maximised
    future,                ///< of outcomes that are predicted, for each copy (elaborate/future.hpp)
    surprise,              ///< -ln p(x) of one density, summed over the elements of x
  };
  const Tensor* symbol = nullptr;
  std::size_t model = 0, family = 0;  ///< positions in Program::models, ::families
  Origin origin;
  Kind kind = Kind::free_energy;
  Factor factor = {};  ///< of a surprise; of a local free energy: that of its variable
  // of a functional of the future:
  std::string word = {};  ///< a row of the table of functionals of the future: "expected_free_energy"
  /// outcomes, or states, and the desired probabilities of each
  std::vector<std::pair<const Tensor*, Expr>> preferences = {};
  /// states and their probabilities after an outcome, where these are not those of Bayes' rule
  std::vector<std::pair<const Tensor*, Expr>> posteriors = {};
};

/// d functional / d variable as an expression, referred to by the tensor `symbol` over the variable's axes.
/// Its value is derived where it is used, so that a statement in force there (Hold) applies to it.
struct Gradient {
  const Tensor* symbol = nullptr;
  Expr functional;
  const Tensor* variable = nullptr;
};

/// The rule of a variable in a kernel, as an expression referred to by the tensor `symbol` over the
/// variable's axes: the derivative by which the kernel descends it, as modified there (hold, presynaptic), or
/// the value it goes to where the kernel solves for it. Its value is derived; it stands in references only.
struct RuleSymbol {
  const Tensor* symbol = nullptr;
  std::string kernel;
  const Tensor* variable = nullptr;
};

/// Where an equation was printed, and what is known to be wrong with it there.
struct Citation {
  std::string source;    ///< "Millidge 2021"
  std::string equation;  ///< "3.8"
  std::string remark;    ///< "the transpose is missing"
};

/// What the user believes a derived quantity to be, for verification. The quantity is a rule, a functional, a
/// gradient, or any expression of them.
struct Reference {
  Expr quantity;
  Expr value;
  bool holds = true;  ///< the declared verdict; false: stated although it is known to be wrong
  Citation citation;
  Origin origin;
};

/// How a functional falls: a row of the descent table and its settings ("rate", "momentum", ...).
struct Descent {
  std::string method;  ///< "euler", "sgd", "momentum", "adam"
  std::vector<NamedExpr> settings;
};

/// A variable that leaks: in a tick it becomes (1 - decay) times itself plus its drive.
struct Trace {
  const Tensor* variable = nullptr;
  Expr decay;  ///< a scalar
  Expr drive;  ///< over the variable's own indices, or null
  Origin origin;
};

/// Greedy events of an energy: one of element i adds 1 to counts[i], where that lowers the energy. The
/// voltage is computed from the energy, or is a state of its own that moves by couplings: those derived, or
/// learned.
struct Events {
  Expr energy;
  const Tensor* counts = nullptr;
  const Tensor* voltage = nullptr;  ///< a variable with the axes of the counts, or null
  Expr couplings;                   ///< those of an event, one index above it, to its own; null if derived
  const Tensor* spike = nullptr;    ///< 1 for the element whose event happens, else 0
  Origin origin;
};

/// A part of greedy events as an expression, referred to by the tensor `symbol`: voltage and threshold over
/// the axes of the counts, couplings (the change of each voltage at an event) over these and the index of the
/// event one level above. Its value is derived where it is used.
struct EventPart {
  enum class Kind { voltage, threshold, couplings };
  const Tensor* symbol = nullptr;
  std::size_t events = 0;  ///< position in Program::events
  Kind kind = Kind::voltage;
};
/// "voltage", "threshold" or "couplings".
std::string_view name(EventPart::Kind kind);

struct Statement;
using Block = std::vector<Statement>;

/// Latent variables take the mean of their density, parents first.
struct Forward {
  std::size_t model = 0, family = 0;
};
/// Variables that are otherwise given take the mean of their density; here they are results.
struct Predict {
  std::size_t model = 0;
  std::vector<const Tensor*> variables;
};
/// All targets move at once, by gradients taken at the same state.
struct Descend {
  Expr functional;
  std::vector<const Tensor*> targets;
  Descent descent;
  /// Where not null: the activity that a target multiplies is read from here, after differentiation.
  const Tensor* presynaptic = nullptr;
};
/// The natural parameters of q take the values at which the local functional is stationary. Where a target is
/// given, the functional is one number and the probabilities of that variable go to its minimum.
struct Solve {
  Expr functional;
  const Tensor* target = nullptr;  ///< a one_of
};
/// A one_of takes the index with the largest score, the lowest among equals; or, the scores being
/// probabilities, an index drawn with them.
struct Choose {
  const Tensor* target = nullptr;
  Expr scores;  ///< over the indices of the target
  bool drawn = false;
};
/// Latent variables are drawn from q.
struct Draw {
  std::size_t family = 0;
};
/// Latent variables take their mean under q.
struct Expect {
  std::size_t family = 0;
};
/// All targets go at once to the stationary point of the functional, in closed form: latent variables, and
/// the precisions of a family.
struct SolveFor {
  Expr functional;
  std::vector<const Tensor*> targets;
};
struct Repeat {
  std::size_t count = 0;
  Block body;
};
/// Repeats until the largest absolute change of any element in one pass is at most `tolerance`.
struct Until {
  double tolerance = 0;
  std::size_t at_most = 0;
  Block body;
};
/// From here to the end of the enclosing block the predictions of a model are those of this point: rules are
/// derived with live predictions (differentiate first), then every latent inside a prediction or its
/// derivative is read as it was here (freeze after). A variable's own place in its prediction error stays
/// live. Not a gradient of F.
struct Hold {
  std::size_t model = 0;
};
/// The statements of the body one after the other, descents target by target. Children first: the body
/// consists of descents, and their targets move in reverse order of dependence (Gauss-Seidel from the outputs
/// back).
struct InOrder {
  Block body;
  bool children_first = false;
};
/// The body consists of descents; all their targets move at once, by gradients taken at the same state.
struct Simultaneously {
  Block body;
};
/// The body for each element of an axis, one after the other: of time, or of any axis that is no plate. Its
/// rules move the targets at the element visited only and read the new values of those visited before
/// (Gauss-Seidel; Gibbs sampling).
struct Scan {
  const Axis* axis = nullptr;
  Order order = Order::forwards;
  Block body;
};
/// Writes the value of an expression to the tensor of role `output` named here.
struct Evaluate {
  const Tensor* result = nullptr;
  Expr value;
  const Axis* recorded = nullptr;  ///< over whose elements a scan keeps the value, or null
};

/// A new tick, all at once: a tensor whose previous value is read becomes that value, a trace leaks and takes
/// its drive, a voltage that is a state follows the traces it reads.
struct Advance {
  std::vector<const Tensor*> tensors;
};
/// The event that lowers the energy most happens, if any does; again until none does, `at_most` times. What
/// happens with each sees the state before it.
struct Fire {
  std::size_t events = 0;  ///< position in Program::events
  std::size_t at_most = 1;
  Block with_each;  ///< of Descend
};

struct Statement {
  std::variant<Forward, Predict, Descend, Solve, SolveFor, Choose, Draw, Expect, Repeat, Until, Evaluate,
               Hold, InOrder, Simultaneously, Scan, Advance, Fire>
      action;
  Origin origin;
};

struct Kernel {
  std::string name;
  Block body;
  Origin origin;
};

struct Program {
  std::shared_ptr<Context> context = std::make_shared<Context>();
  std::vector<Model> models;
  std::vector<Family> families;
  std::vector<Functional> functionals;
  std::vector<Gradient> gradients;
  std::vector<Kernel> kernels;
  std::vector<EventPart> event_parts;
  std::vector<RuleSymbol> rules;
  std::vector<Reference> references;
  /// Variables whose value before their last change is kept, and the states that keep it.
  std::vector<std::pair<const Tensor*, const Tensor*>> previous_values;
  std::vector<Trace> traces;
  std::vector<Events> events;

  std::string name() const { return models.empty() ? "program" : models.front().name; }
  /// Registers free_energy(model, family) and returns the scalar that stands for it in expressions.
  Expr free_energy(std::size_t model, std::size_t family, Origin origin = {});
  /// Registers the local free energies of full conditionals under a family with one member; an expression
  /// over the indices of the member's variable. Throws ModelError.
  Expr local_free_energy(std::size_t model, std::size_t family, Origin origin = {});
  /// Registers minus the free energy, which is to be maximised.
  Expr evidence_lower_bound(std::size_t model, std::size_t family, Origin origin = {});
  /// Registers a functional of predicted outcomes under the beliefs of a family (elaborate/future.hpp), one
  /// number for each copy of the plates of the model.
  Expr future(std::string word, std::size_t model, std::size_t family,
              std::vector<std::pair<const Tensor*, Expr>> preferences,
              std::vector<std::pair<const Tensor*, Expr>> posteriors = {}, Origin origin = {});
  /// Registers -ln p of a factor and returns the scalar that stands for it.
  Expr surprise(Factor factor);
  /// The value a variable had before it last changed; every kernel that changes it keeps it.
  Expr previous(const Tensor* variable);
  /// Registers d functional / d variable and returns the element that stands for it in expressions, over the
  /// variable's canonical indices.
  Expr gradient(Expr functional, const Tensor* variable);
  /// Registers the rule of a variable in a kernel and returns the element that stands for it in references,
  /// over the variable's canonical indices.
  Expr rule(std::string_view kernel, const Tensor* variable);
  Expr event_part(std::size_t events, EventPart::Kind kind);
};

/// The state `<name>_previous`: the value of a tensor at the previous tick, given within a tick.
const Tensor* previous(Context& context, const Tensor* tensor);
/// The same where something has asked for it before, or null.
const Tensor* find_previous(const Context& context, const Tensor* tensor);

/// The temporary `<name>_held`: the value of a latent variable at the point where predictions are held.
const Tensor* held_copy(Context& context, const Tensor* live);

/// The state `<name>_precision`: the precision of a normal density whose mean is the tensor, a matrix over
/// its axis that is no plate, or a scalar for each copy.
const Tensor* precision_of(Context& context, const Tensor* mean);
const Tensor* find_precision(const Context& context, const Tensor* mean);

/// A function of x at every order of motion, under local linearity: f(x) at order 0, (df/dx at order 0) x^(n)
/// at order n; e is f(x) over the axis of orders. The slope is held, so it is a constant of the rules for x.
/// Friston, Trujillo-Barreto and Daunizeau 2008, equation 3, without products of derivatives.
Expr generalised(Expr e, const Axis* order);

/// Where errors about a functional or a kernel stand: its own place, or, where it records none, that of what
/// it is made of.
Origin place_of(const Program& program, const Functional& functional);
Origin place_of(const Program& program, const Kernel& kernel);

/// Checks that do not need sizes, for programs that were not built through the DSL (which makes them at
/// compile time): variables drawn twice, latents without a factor, cycles, targets the functional does not
/// contain, unknown densities, families and methods, results without free copies, references to rules no
/// kernel has. Throws ModelError.
void check_program(const Program& program);

}  // namespace freefall::ir

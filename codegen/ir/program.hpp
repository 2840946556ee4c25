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

/// A wrong specification: the text names the user's variable, says what was expected and how to mend it.
class ModelError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

using NamedExpr = std::pair<std::string, Expr>;

/// `variable <<= density(arguments)`. Argument expressions carry the variable's own indices (level 0); a full
/// precision or covariance matrix also carries the primed index of the matrix axis.
struct Factor {
  const Tensor* variable = nullptr;
  std::string density;               ///< a row of the density table: "normal"
  std::vector<NamedExpr> arguments;  ///< "mean"; and at most one of "precision", "variance", "covariance"
  Origin origin;
};

/// A joint density: one factor for each random variable.
struct Model {
  std::string name;
  std::vector<Factor> factors;
};

/// A variational density: one member for each latent variable. A variable that has no member is given.
struct Family {
  struct Member {
    const Tensor* variable = nullptr;
    std::string density;  ///< a row of the family table: "delta"
    Origin origin;
  };
  std::vector<Member> members;
};

/// Free energy E_q[ln q - ln p] of a model under a family, referred to by the scalar tensor `symbol`.
struct Functional {
  const Tensor* symbol = nullptr;
  std::size_t model = 0, family = 0;  ///< positions in Program::models, ::families
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
  const Tensor* voltage = nullptr;    ///< a variable with the axes of the counts, or null
  const Tensor* couplings = nullptr;  ///< a parameter [moved, moving], or null
  const Tensor* spike = nullptr;      ///< 1 for the element whose event happens, else 0
  Origin origin;
};

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
/// Writes the value of an expression to the tensor of role `output` named here.
struct Evaluate {
  const Tensor* result = nullptr;
  Expr value;
};

/// Traces, and voltages that are states, go on by one tick, all at once.
struct Tick {
  std::vector<const Tensor*> variables;
};
/// The event that lowers the energy most happens, if any does; again until none does, `at_most` times. What
/// happens with each sees the state before it.
struct Fire {
  std::size_t events = 0;  ///< position in Program::events
  std::size_t at_most = 1;
  Block with_each;  ///< of Descend
};

struct Statement {
  std::variant<Forward, Predict, Descend, Repeat, Until, Evaluate, Tick, Fire> action;
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
  std::vector<Kernel> kernels;
  std::vector<Trace> traces;
  std::vector<Events> events;

  std::string name() const { return models.empty() ? "program" : models.front().name; }
  /// Registers free_energy(model, family) and returns the scalar that stands for it in expressions.
  Expr free_energy(std::size_t model, std::size_t family, Origin origin = {});
};

/// Checks that do not need sizes, for programs that were not built through the DSL (which makes them at
/// compile time): variables drawn twice, latents without a factor, cycles, targets the functional does not
/// contain, unknown densities, families and methods, results without free copies. Throws ModelError.
void check_program(const Program& program);

}  // namespace freefall::ir

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
/// Writes the value of an expression to the tensor of role `output` named here.
struct Evaluate {
  const Tensor* result = nullptr;
  Expr value;
};

/// A new tick: the current values of the tensors become their previous ones, all at once.
struct Advance {
  std::vector<const Tensor*> tensors;
};

struct Statement {
  std::variant<Forward, Predict, Descend, Repeat, Until, Evaluate, Advance, SolveFor> action;
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

  std::string name() const { return models.empty() ? "program" : models.front().name; }
  /// Registers free_energy(model, family) and returns the scalar that stands for it in expressions.
  Expr free_energy(std::size_t model, std::size_t family, Origin origin = {});
};

/// The state `<name>_previous`: the value of a tensor at the previous tick, given within a tick.
const Tensor* previous(Context& context, const Tensor* tensor);
/// The same where something has asked for it before, or null.
const Tensor* find_previous(const Context& context, const Tensor* tensor);

/// The state `<name>_precision`: the precision of a normal density whose mean is the tensor, a matrix over
/// its axis that is no plate, or a scalar for each copy.
const Tensor* precision_of(Context& context, const Tensor* mean);
const Tensor* find_precision(const Context& context, const Tensor* mean);

/// A function of x at every order of motion, under local linearity: f(x) at order 0, (df/dx at order 0) x^(n)
/// at order n; e is f(x) over the axis of orders. The slope is held, so it is a constant of the rules for x.
/// Friston, Trujillo-Barreto and Daunizeau 2008, equation 3, without products of derivatives.
Expr generalised(Expr e, const Axis* order);

/// Checks that do not need sizes, for programs that were not built through the DSL (which makes them at
/// compile time): variables drawn twice, latents without a factor, cycles, targets the functional does not
/// contain, unknown densities, families and methods, results without free copies. Throws ModelError.
void check_program(const Program& program);

}  // namespace freefall::ir

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
  };
  std::vector<Member> members;
};

/// What is descended, referred to by the tensor `symbol`: a scalar, or a family of local functionals with the
/// axes of the variable whose elements they belong to.
struct Functional {
  enum class Kind {
    free_energy,           ///< E_q[ln q - ln p] of a joint density
    local_free_energy,     ///< the same of each full conditional, all other elements at their present values
    expected_free_energy,  ///< E_q(o,x)[ln q(x) - ln p~(o,x)] of outcomes that are predicted, for each copy
    surprise,              ///< -ln p(x) of one density, summed over the elements of x
  };
  const Tensor* symbol = nullptr;
  std::size_t model = 0, family = 0;  ///< positions in Program::models, ::families
  Origin origin;
  Kind kind = Kind::free_energy;
  Factor factor = {};  ///< of a surprise; of a local free energy: that of its variable
  /// of an expected free energy: outcomes and the desired probabilities of each
  std::vector<std::pair<const Tensor*, Expr>> preferences = {};
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
  /// Where not null: the activity that a target multiplies is read from here, after differentiation.
  const Tensor* presynaptic = nullptr;
};
/// The natural parameters of q take the values at which the local functional is stationary. Where a target is
/// given, the functional is one number and the probabilities of that variable go to its minimum.
struct Solve {
  Expr functional;
  const Tensor* target = nullptr;  ///< a one_of
};
/// Latent variables are drawn from q.
struct Draw {
  std::size_t family = 0;
};
/// Latent variables take their mean under q.
struct Expect {
  std::size_t family = 0;
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

struct Statement {
  std::variant<Forward, Predict, Descend, Solve, Draw, Expect, Repeat, Until, Evaluate> action;
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
  /// Variables whose value before their last change is kept, and the states that keep it.
  std::vector<std::pair<const Tensor*, const Tensor*>> previous_values;

  std::string name() const { return models.empty() ? "program" : models.front().name; }
  /// Registers free_energy(model, family) and returns the scalar that stands for it in expressions.
  Expr free_energy(std::size_t model, std::size_t family, Origin origin = {});
  /// Registers the local free energies of full conditionals under a family with one member; an expression
  /// over the indices of the member's variable. Throws ModelError.
  Expr local_free_energy(std::size_t model, std::size_t family, Origin origin = {});
  /// Registers the expected free energy of predicted outcomes under the beliefs of a family, one number for
  /// each copy of the plates of the model. Throws ModelError when an outcome is latent, has no factor or no
  /// preference.
  Expr expected_free_energy(std::size_t model, std::size_t family,
                            std::vector<std::pair<const Tensor*, Expr>> preferences, Origin origin = {});
  /// Registers -ln p of a factor and returns the scalar that stands for it.
  Expr surprise(Factor factor);
  /// The value a variable had before it last changed; every kernel that changes it keeps it.
  Expr previous(const Tensor* variable);
};

/// Checks that do not need sizes, for programs that were not built through the DSL (which makes them at
/// compile time): variables drawn twice, latents without a factor, cycles, targets the functional does not
/// contain, unknown densities, families and methods, results without free copies. Throws ModelError.
void check_program(const Program& program);

}  // namespace freefall::ir

#pragma once
// The tables of densities and of variational families: what each one means as expressions.

#include <string_view>
#include <vector>

#include "codegen/ir/print.hpp"
#include "codegen/ir/program.hpp"

namespace freefall::elaborate {

/// An assumption that was made on the user's behalf, or a modification they asked for: nothing is assumed
/// silently.
struct Assumption {
  std::string name;   ///< "point mass", "mean field", ...
  std::string place;  ///< the factor or variable it applies to
  std::string text;
};

/// -ln p(variable) of one factor, in nats, summed over the elements of the variable (all its axes).
struct NegativeLogDensity {
  ir::Expr value;
  std::vector<ir::NamedPart> named;  ///< readable names for recurring parts: the prediction error "eps_h"
};

struct DensityRow {
  std::string_view name;
  std::vector<std::string_view> arguments;  ///< the first is required; of the others at most one may be given
  NegativeLogDensity (*negative_log)(ir::Context& context, const ir::Factor& factor);
  ir::Expr (*mean)(const ir::Factor& factor);  ///< null where it is not known
  /// -ln p of one element, over the variable's canonical indices; null where elements depend on each other.
  NegativeLogDensity (*negative_log_each)(ir::Context& context, const ir::Factor& factor) = nullptr;
  /// The factor after one of its parents, normal with its mean at the tensor, is integrated out; null where
  /// there is no closed form.
  ir::Factor (*marginal)(ir::Context& context, const ir::Factor& factor, const ir::Tensor* parent,
                         std::vector<Assumption>& ledger) = nullptr;
  bool over_outcomes = false;  ///< for variables that are one of the indices of an axis, and only these
  /// -ln p is an energy that may read the variable itself; the log of its normaliser is left out.
  bool unnormalised = false;
};

const std::vector<DensityRow>& densities();
/// The row of this name, or null.
const DensityRow* find_density(std::string_view name);

/// What the density is of: the variable, or its motion.
ir::Expr drawn(ir::Context& context, const ir::Factor& factor);

/// Adds an entry once.
void note(std::vector<Assumption>& ledger, Assumption entry);

/// The argument of this name, or a null expression.
ir::Expr argument(const ir::Factor& factor, std::string_view name);

/// Whether `e` is, in each single element of the variable, an affine function: then the expectation of e
/// under independent elements is its value at their means. Proved by the second derivative by each element.
bool is_affine_in_each_element(ir::Expr e, const ir::Tensor* variable);

/// Whether an expression over the variable's canonical indices is free of the variable's own element: what it
/// reads at these indices. It may read the others.
bool is_free_of_own_element(ir::Expr e, const ir::Tensor* variable);
/// The same for an affine function of that one element.
bool is_affine_in_own_element(ir::Expr e, const ir::Tensor* variable);

/// A variational family: how an expectation of a function of the variable is taken under it.
struct FamilyRow {
  std::string_view name;
  /// E_q[e] for one member, a scalar e; records what it assumes. Parts that are constants of the rules for
  /// the variable are held (calculus/hessian.hpp).
  ir::Expr (*expectation)(ir::Expr e, const ir::Family::Member& member, std::vector<Assumption>& ledger);
  /// E_q[ln q] of one member, constants kept; null when the term is dropped (with an entry in the ledger). A
  /// null function where negative_entropy_each is given.
  ir::Expr (*negative_entropy)(ir::Context& context, const ir::Family::Member& member,
                               std::vector<Assumption>& ledger);

  // Exponential families whose elements are independent also state, over the variable's canonical indices:
  /// the tensor of natural parameters; null for other families
  const ir::Tensor* (*natural)(ir::Context& context, const ir::Family::Member& member) = nullptr;
  /// E_q[x], whose derivative by the natural parameter is the Fisher information
  ir::Expr (*mean)(ir::Context& context, const ir::Family::Member& member) = nullptr;
  /// E_q[ln q] of one element
  ir::Expr (*negative_entropy_each)(ir::Context& context, const ir::Family::Member& member) = nullptr;
  /// a draw of x as a function of a draw uniform in (0, 1)
  ir::Expr (*sample)(ir::Context& context, const ir::Family::Member& member, ir::Expr uniform) = nullptr;

  // Families whose parameters stand beside the variable in a state, while the array of the variable is E_q[x]
  // (`mean`), also state:
  /// that state, over the axes of the variable; null for other families
  const ir::Tensor* (*parameters)(ir::Context& context, const ir::Family::Member& member) = nullptr;
  /// its value where q is the density of a factor
  ir::Expr (*parameters_of)(const ir::Factor& factor) = nullptr;

  /// for variables that are one of the indices of an axis (ir::Tensor::one_of), and only these
  bool over_outcomes = false;
  /// given parents of the member's factor are beliefs in place of outcomes, and are integrated out
  bool integrates_parents = false;
};
const std::vector<FamilyRow>& families();
const FamilyRow* find_family(std::string_view name);
/// The member of any family whose parameters stand beside this variable, or null.
const ir::Family::Member* find_member_with_parameters(const ir::Program& program, const ir::Tensor* variable);

}  // namespace freefall::elaborate

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
  ir::Expr (*mean)(const ir::Factor& factor);
};

const std::vector<DensityRow>& densities();
/// The row of this name, or null.
const DensityRow* find_density(std::string_view name);

/// The argument of this name, or a null expression.
ir::Expr argument(const ir::Factor& factor, std::string_view name);

/// A variational family: how an expectation of a function of the variable is taken under it.
struct FamilyRow {
  std::string_view name;
  /// E_q[e] for one member; records what it assumes.
  ir::Expr (*expectation)(ir::Expr e, const ir::Family::Member& member, std::vector<Assumption>& ledger);
  /// E_q[ln q] of one member, constants kept; null when the term is dropped (with an entry in the ledger).
  ir::Expr (*negative_entropy)(const ir::Family::Member& member, std::vector<Assumption>& ledger);
};
const std::vector<FamilyRow>& families();
const FamilyRow* find_family(std::string_view name);

}  // namespace freefall::elaborate

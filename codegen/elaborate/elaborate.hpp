#pragma once
// Elaboration: densities and expectations under q become one scalar functional, with a ledger of assumptions.

#include "codegen/elaborate/density.hpp"

namespace freefall::elaborate {

/// F = E_q[ln q - ln p] in nats, constants kept, summed over the copies of every plate. A local free energy
/// is not summed: its value is over the canonical indices of its symbol.
struct Functional {
  const ir::Tensor* symbol = nullptr;
  ir::Expr value;
  std::vector<ir::NamedExpr> terms;  ///< one for each factor, "F_h"; and what it splits into
  /// Sums of signed terms, by name, that are each equal to `value`.
  std::vector<std::vector<std::pair<int, std::string>>> decompositions = {};
  bool maximised = false;  ///< where larger is better; all others are minimised
  /// accuracy + complexity: minus the expected log-likelihood of what is given, and the divergence of what is
  /// latent. Null where F is not of a joint density.
  ir::Expr inaccuracy, complexity;
};

/// The terms of the first decomposition, times their signs; all terms where there is none. They add up to the
/// functional.
std::vector<ir::NamedExpr> summands(const Functional& functional);

struct Elaboration {
  std::vector<Functional> functionals;
  std::vector<ir::NamedPart> names;  ///< readable names of recurring expressions, over canonical indices
  std::vector<Assumption> ledger;
};

/// Throws ir::ModelError when a density, family or argument is unknown or does not fit the variable.
Elaboration elaborate(const ir::Program& program);

/// Replaces the symbols of functionals inside an expression by their values.
ir::Expr resolve(const Elaboration& elaboration, ir::Expr e);

}  // namespace freefall::elaborate

#pragma once
// The minimum of a functional over the counts of a Dirichlet posterior, in closed form.

#include <optional>

#include "codegen/elaborate/density.hpp"

namespace freefall::calculus {

struct StationaryCounts {
  ir::Expr gradient;          ///< dF/da, over the canonical indices of the counts
  ir::Expr natural_gradient;  ///< the inverse of the Fisher information applied to it
  ir::Expr value;             ///< of a where both are zero
};

/// The Fisher information of a column is J = diag(psi'(a)) - psi'(a_0) 1 1', the Jacobian of E[ln A] = psi(a)
/// - psi(a_0). Proves that dF/da = J (a - value) with a value that does not depend on a; since J is positive
/// definite, F has one stationary point, its minimum, at a = value. Returns nothing when this is not
/// provable.
std::optional<StationaryCounts> try_stationary_counts(ir::Expr functional, const ir::Tensor* counts);

}  // namespace freefall::calculus

#pragma once
// The stationary point of a local functional in the natural parameter of an exponential family, in closed
// form.

#include <optional>

#include "codegen/elaborate/elaborate.hpp"

namespace freefall::calculus {

struct StationaryPoint {
  ir::Expr gradient;          ///< d F[i] / d b[i]
  ir::Expr natural_gradient;  ///< gradient over the Fisher information d E_q[x] / d b
  ir::Expr value;             ///< of b where the gradient is zero
};

/// Proves that the natural gradient is `b - value` with a value that does not depend on b; since the Fisher
/// information is positive, F has one stationary point, its minimum, at b = value. `functional` is over the
/// canonical indices of the variable. Returns nothing when this is not provable.
std::optional<StationaryPoint> try_stationary_point(ir::Expr functional, const elaborate::FamilyRow& family,
                                                    const ir::Family::Member& member);

}  // namespace freefall::calculus

#pragma once
// The free energy of point masses, -ln p of everything declared, straight from the definitions of the
// densities: loops over elements, covariance matrices written out. A witness of elaboration that shares no
// formula with it.

#include <optional>

#include "codegen/ir/interpret.hpp"
#include "codegen/ir/program.hpp"

namespace freefall::fuzz {

/// In nats, at the values of the environment. Of point masses, and of outcomes under a categorical family.
/// Nothing where some family is another, a factor integrates over a parent or is linearised, or a density is
/// not known here. Throws std::domain_error where a matrix is not positive definite.
std::optional<long double> reference_energy(const ir::Program& program, const ir::Functional& functional,
                                            const ir::Environment<long double>& at);

}  // namespace freefall::fuzz

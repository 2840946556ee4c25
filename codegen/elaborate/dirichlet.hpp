#pragma once
// Dirichlet densities of tables of probabilities: for each value of the other axes, a point of the simplex
// over the first axis of the variable that is no plate.

#include "codegen/elaborate/density.hpp"

namespace freefall::elaborate {

/// The axis over which a table of probabilities sums to one: its first that is no plate, at level 0. Throws
/// ir::ModelError where all axes are plates.
ir::Index distribution_index(const ir::Tensor* table);

/// ln p(A) = sum over columns of sum_i (a_i - 1) ln A_i + ln Gamma(a_0) - sum_i ln Gamma(a_i), a_0 = sum_i
/// a_i, with the argument "concentration", a > 0 (counts); its mean is a / a_0.
DensityRow dirichlet_row();
/// The state `<name>_concentration` holds the counts of q, the array of the variable their mean. E[ln A_i] =
/// psi(a_i) - psi(a_0) and E[A_i ln A_i] = a_i / a_0 (psi(a_i + 1) - psi(a_0 + 1)); with E[A] these are all.
/// Minka 2000, "Estimating a Dirichlet distribution"; Friston et al. 2016, "Active inference and learning".
FamilyRow dirichlet_family();

}  // namespace freefall::elaborate

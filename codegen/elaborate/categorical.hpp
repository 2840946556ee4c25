#pragma once
// Categorical densities of a variable that is one of the indices of an axis.

#include "codegen/elaborate/density.hpp"

namespace freefall::elaborate {

/// -ln p(s) = -sum_i s_i ln T_i, with the argument "probability", the table T read at the parents of s and
/// normalised over the axis of s; its mean is T.
DensityRow categorical_row();
/// The array of the variable is q itself, a point of the simplex over its axis. E_q puts q in place of the
/// indicator where that is affine; E[ln q] = sum_i q_i ln q_i with 0 ln 0 = 0.
FamilyRow categorical_family();
/// The same, where the given parents of the variable are beliefs that are integrated out: ln(B s') in place
/// of (ln B) s'. The filter whose prediction is B s'.
FamilyRow exact_family();
/// q(a|x), a table the specification gives and that reads other variables x: the expectation is a sum over
/// the values of a and x, each with its probability. The array of the variable is not read.
FamilyRow conditional_family();

}  // namespace freefall::elaborate

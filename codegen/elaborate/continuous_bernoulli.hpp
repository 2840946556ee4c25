#pragma once
// The continuous Bernoulli density on [-1, 1] in its natural parameter b, p(s) = exp(b s) / (2 sinhc b):
// density and variational family (Loaiza-Ganem and Cunningham 2019, there on [0, 1] with b half the
// log-odds).

#include "codegen/elaborate/density.hpp"

namespace freefall::elaborate {

/// -ln p(s) = ln 2 + log_sinhc(b) - b s, with the argument "natural"; mean langevin(b).
DensityRow continuous_bernoulli_row();

/// Independent elements with the natural parameters `<variable>_natural`. Expectations are taken of functions
/// that are affine in each element; E[ln q] = b langevin(b) - log_sinhc(b) - ln 2.
FamilyRow continuous_bernoulli_family();

}  // namespace freefall::elaborate

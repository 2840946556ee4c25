#pragma once
// The normal density: scalar, diagonal or full precision, given as precision, variance or covariance.

#include "codegen/elaborate/density.hpp"

namespace freefall::elaborate {

/// -ln N(x; mean, Pi^-1) = 1/2 eps' Pi eps - 1/2 ln|Pi| + d/2 ln 2 pi, with eps = x - mean.
DensityRow normal_row();

}  // namespace freefall::elaborate

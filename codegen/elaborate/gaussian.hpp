#pragma once
// The normal variational family (Laplace): its mean is the variable, its precision the state
// `<variable>_precision`.

#include "codegen/elaborate/density.hpp"

namespace freefall::elaborate {

/// E_q[e] = e + 1/2 tr(Sigma H) at the mean, H the Hessian of e: exact for quadratics. The variable is held
/// in H, so the mean goes to the mode. E_q[ln q] = 1/2 ln|Pi| - d/2 ln 2 pi e.
FamilyRow gaussian_row();

}  // namespace freefall::elaborate

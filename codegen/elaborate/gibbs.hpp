#pragma once
// A density given by its energy: p(x | parents) = exp(-E(x, parents)) / Z.

#include "codegen/elaborate/density.hpp"

namespace freefall::elaborate {

/// The argument "energy" is E in nats over the variable's indices, each element's own; it may read the
/// variable. ln Z is not known and is left out, so -ln p stands for E: exact for every variable and parameter
/// that Z does not depend on.
DensityRow gibbs_row();

}  // namespace freefall::elaborate

#pragma once
// What a kernel costs: operations and bytes moved, at full capacity of every plate.

#include "codegen/loop/loop.hpp"

namespace freefall::loop {

struct Cost {
  double operations = 0;  ///< additions and multiplications; a pointwise function counts as in functions.def
  double bytes = 0;       ///< read and written by each operation, as if nothing stayed in cache
};

Cost cost(const Operations& operations, const plan::Specialisation& sizes);

}  // namespace freefall::loop

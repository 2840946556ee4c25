#pragma once
// Pass: from a schedule in sequential form (plan/materialise.hpp) to loop nests, matrix products and library
// calls.

#include "codegen/loop/loop.hpp"

namespace freefall::loop {

Operations lower_schedule(const calculus::Steps& steps, ir::Context& context,
                          const plan::Specialisation& sizes);

/// Pass: joins neighbouring nests over the same elements, where no element is read after another nest of the
/// group changed it elsewhere.
Operations fuse_nests(const Operations& operations);

}  // namespace freefall::loop

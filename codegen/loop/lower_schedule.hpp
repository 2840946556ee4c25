#pragma once
// Pass: from a schedule in sequential form (plan/materialise.hpp) to loop nests, matrix products and library
// calls.

#include "codegen/loop/loop.hpp"

namespace freefall::loop {

Operations lower_schedule(const calculus::Steps& steps, ir::Context& context,
                          const plan::Specialisation& sizes);

}  // namespace freefall::loop

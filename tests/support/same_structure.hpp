#pragma once
// Whether two schedules, or two lists of loop operations, are the same: loops, order, targets, values and
// epilogues. Labels are for the reader and do not count. Values are compared by identity, so both are of one
// context.

#include <string>

#include "codegen/plan/pipeline.hpp"

namespace freefall::test {

/// Where two differ first, as "2 / 0: value of 'x'", by positions in the bodies around; empty where nowhere.
std::string difference(const calculus::Steps& a, const calculus::Steps& b);
std::string difference(const loop::Operations& a, const loop::Operations& b);
/// The same of all schedules and kernels, the name of the kernel before it.
std::string difference(const plan::Compilation& a, const plan::Compilation& b);

}  // namespace freefall::test

#pragma once
// Reference interpreter of schedules: what the statements of a kernel mean, before anything is planned.

#include "codegen/calculus/schedule.hpp"
#include "codegen/ir/interpret.hpp"

namespace freefall::calculus {

/// Runs the steps on the tensors of the environment, whose sizes are the copies in use. All values of an
/// Assign are taken before any target changes. A Loop with a tolerance ends after the first pass in which no
/// element of a watched tensor moved by more than the tolerance. T is double or long double. Throws
/// std::invalid_argument for a tensor that is read and has no value, std::domain_error for a matrix that is
/// not positive definite.
template <class T>
void interpret(const Steps& steps, ir::Environment<T>& environment);

}  // namespace freefall::calculus

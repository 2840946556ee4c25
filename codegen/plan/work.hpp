#pragma once
// A measure of work on schedules, to compare two ways of computing the same.

#include "codegen/calculus/schedule.hpp"
#include "codegen/plan/specialisation.hpp"

namespace freefall::plan {

/// Arithmetic operations of an assignment, transcendental functions counted as several (functions.def).
double work(const calculus::Assignment& assignment, const Specialisation& sizes);
/// Of all steps, loops as often as they may run.
double work(const calculus::Steps& steps, const Specialisation& sizes);

}  // namespace freefall::plan

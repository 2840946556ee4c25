#pragma once
// Pass: what does not change inside a loop is computed before it.

#include "codegen/calculus/derive.hpp"
#include "codegen/plan/generic_form.hpp"
#include "codegen/plan/specialisation.hpp"

namespace freefall::plan {

/// Replaces every largest expensive sub-expression that reads nothing the loop assigns by a temporary
/// assigned before the loop; the invariant members of a sum or product go together. Of a sweep, what differs
/// from visit to visit is computed for all visits, as one product. Keeps the value; idempotent. The clamped
/// first prediction `W1 f(image) + b1` of a network is the case in point.
calculus::Steps hoist_invariants(const calculus::Steps& steps, ir::Context& context,
                                 const Specialisation& sizes);

/// The same with the calls of all kernels as the loop: what reads constants alone is replaced by arrays of
/// role `prepared`. Returns the steps that compute these.
calculus::Steps hoist_constants(std::vector<calculus::Procedure>& procedures, ir::Context& context);

}  // namespace freefall::plan

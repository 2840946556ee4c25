#pragma once
// Pass: what is the same in each row of a nest is computed once.

#include "codegen/loop/loop.hpp"

namespace freefall::loop {

/// In a nest, an expression of several arrays that changes along the innermost loop but not from one pass of
/// the outermost to the next, as b - c in J[i, j] += a[i] (b[j] - c[j]), becomes a row of its own before the
/// nest: one load in place of several, and no arithmetic. Values that do not change along the innermost loop
/// need no array; the emitter keeps them in registers. Keeps the value up to the order of factors;
/// idempotent.
Operations hoist_rows(const Operations& operations, ir::Context& context, const plan::Specialisation& sizes);

}  // namespace freefall::loop

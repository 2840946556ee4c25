#pragma once
// Whether a NaN of an array that a kernel reads may fail to show in what the kernel writes.

#include "codegen/loop/loop.hpp"

namespace freefall::loop {

/// True unless for every element of `given`, which the operations read: if it is NaN, an array that they
/// write holds a NaN at the end, or nothing they write depends on the element.
///
/// Sums, products and functions keep a NaN. A comparison does not, so what is compared (and what a loop asks
/// for its end, and what chooses between two values) must also reach a result that keeps it, as a whole and
/// in every call. An index that is computed must not come from `given` at all. Conservative: what is kept for
/// another reason counts as hidden.
bool hides_nan(const Operations& operations, const ir::Tensor* given);

/// A function whose value may be a number where an argument is NaN.
bool drops_nan(ir::Function function);

}  // namespace freefall::loop

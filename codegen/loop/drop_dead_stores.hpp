#pragma once
// Pass: what is stored in a temporary and not read again is not stored.

#include "codegen/loop/loop.hpp"

namespace freefall::loop {

/// Backward over the operations of a kernel, with the temporaries that are still to be read. The sums of a
/// product that only its own epilogue reads stay in their tile. Keeps the value; idempotent; never raises the
/// cost.
Operations drop_dead_stores(const Operations& operations);

}  // namespace freefall::loop

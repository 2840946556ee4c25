#pragma once
// Pass: what only the body of a condition reads is computed there.

#include "codegen/loop/loop.hpp"

namespace freefall::loop {

/// Operations before a Repeat of at most one pass, `while_positive`, whose temporaries nothing but its body
/// reads go to the start of that body: the position of a maximum that decides whether there is an event is
/// looked for only where there is one. So is the maximum itself, of a few vectors: whether any element is
/// positive is asked before, which is less work. Keeps the value; idempotent.
Operations sink_into_conditions(const Operations& operations, const plan::Specialisation& sizes);

}  // namespace freefall::loop

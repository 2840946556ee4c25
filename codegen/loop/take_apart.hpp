#pragma once
// A nest over numbers that take long, whose innermost loop would end with single elements, as several nests.

#include "codegen/loop/merge_loops.hpp"

namespace freefall::loop {

/// True if the innermost loop may do some of its passes twice, one after the other: it sets, and what it
/// reads of what it sets it has set before in the same pass.
bool may_pass_twice(const std::vector<Store>& stores);

/// True if the value takes long and the innermost loop, of known length, would end with single elements.
bool ends_costly(const Store& store, const MergedNest& merged, const plan::Specialisation& sizes);

/// True if that is so of one store, and all may pass twice: then no element is worked out alone, the last
/// vector has some of those of the one before.
bool is_done_at_once(const MergedNest& merged, const plan::Specialisation& sizes);

/// The stores in nests one after the other, as few as there may be with which those that take long are done
/// at once.
std::vector<MergedNest> take_apart(const MergedNest& merged, const plan::Specialisation& sizes);

}  // namespace freefall::loop

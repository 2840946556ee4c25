#pragma once
// What it costs that a plate goes through a run of operations whole, and not in slices (slice_plates.hpp).

#include <optional>

#include "codegen/loop/loop.hpp"

namespace freefall::loop {

/// Operations in the time that the run takes beyond its own ones where the elements of a copy stand in the
/// lanes: lanes that the last vector of each row leaves empty, transposes of matrices (turn_matrices.hpp),
/// and what of the plate is read and written between the operations, where this is more than the first cache
/// holds. `boundary`: elements that come from outside or go there, which slices have to move as well.
/// Nothing where some product has no form with its rows in the lanes.
std::optional<double> cost_of_whole_plate(const Operations& run, const ir::Axis* plate, double boundary,
                                          const plan::Specialisation& sizes);

}  // namespace freefall::loop

#pragma once
// Arrays whose rows end within a vector are copied to where they have room, for the passes of a loop.

#include "codegen/loop/loop.hpp"

namespace freefall::loop {

/// A loop of many passes in which a vector is multiplied by a matrix by columns, of few rows that are no
/// whole number of vectors, works on copies whose rows may go on to the end of their last vector
/// (whole_vectors.hpp). What the passes change is copied back behind the loop. The same values.
Operations pad_rows(const Operations& operations, ir::Context& context, const plan::Specialisation& sizes);

}  // namespace freefall::loop

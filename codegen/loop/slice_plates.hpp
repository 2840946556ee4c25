#pragma once
// Pass: the copies of a plate go through a kernel in slices, each with its copies in the lanes of the
// vectors.

#include "codegen/loop/loop.hpp"

namespace freefall::loop {

/// When slices are made: it depends on the machine, not on a model; tests take smaller ones.
struct SliceRule {
  /// Widths to choose from, in copies: the one that pads the capacity least, the first of equals.
  std::vector<std::size_t> widths;
  /// Plates of a smaller capacity stay whole.
  std::size_t fewest_copies = 1;
  /// Operations in the time in which an element is copied into a slice or out; that many it must be worth.
  double operations_per_element = 16;
  /// Plates may stay whole where that takes less time (whole_plate.hpp).
  bool may_stay_whole = true;
};
/// Two and one vectors of the machine.
SliceRule slice_rule(const plan::Specialisation& sizes);

/// A run of operations in which the copies of a plate are independent of each other, matrix products by
/// weights that all copies share among them, becomes a Slices: for each slice the whole run, with the arrays
/// of the slice stored [..., lane]. What the run reads from outside is copied in, what it leaves is copied
/// out. So the activities of a slice stay in the inner caches over all passes of an inference, forward and
/// backward products read one copy of the weights as it lies, and every loop has the lanes inside, a constant
/// number of them. Each copy is computed as before, so the bits do not depend on its place in the batch. Adds
/// the lane axis to the sizes. Keeps the value; idempotent.
Operations slice_plates(const Operations& operations, ir::Context& context, plan::Specialisation& sizes,
                        const SliceRule& rule);

}  // namespace freefall::loop

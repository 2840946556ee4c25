#pragma once
// Predictions held at a point of the schedule: differentiate first, freeze after.
//
// Every latent variable gets a copy, which stands for its value at that point. In the prediction of a factor
// (the first argument of its density) latents are replaced by their copies; the variable's own occurrence
// stays. The rule of a latent x is then dF/dx + dF/d(copy of x): the derivative with live predictions, in
// which predictions and Jacobians read the copies (Millidge, Tschantz and Buckley 2022, the fixed prediction
// assumption). A stop-gradient would drop the second term, which is all that comes from the children of x.

#include "codegen/elaborate/elaborate.hpp"

namespace freefall::elaborate {

struct Held {
  struct Copy {
    const ir::Tensor* live;
    const ir::Tensor* held;
    std::size_t model;
  };
  ir::Program program;      ///< with the copies in the predictions
  Elaboration elaboration;  ///< of that program
  std::vector<Copy> copies;

  /// The copy of a variable, or null when no held prediction reads it.
  const ir::Tensor* copy_of(const ir::Tensor* live) const;
};

/// Holds the predictions of one more model.
Held hold_predictions(const Held& before, std::size_t model);

}  // namespace freefall::elaborate

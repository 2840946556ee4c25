#pragma once
// The order in which the variables of a model can be computed from their parents.

#include <vector>

#include "codegen/ir/program.hpp"

namespace freefall::elaborate {

struct DependencyOrder {
  /// Factors in order. With a time axis they depend on earlier elements of each other along it (`h[t - 1]`,
  /// offsets below zero) and go tick by tick, within a tick in this order; without, each is computed whole.
  struct Stage {
    const ir::Axis* time = nullptr;
    std::vector<const ir::Factor*> factors;
  };
  std::vector<Stage> stages;
  std::vector<const ir::Factor*> cyclic;  ///< what depends on itself within one tick; empty in a proper model
};

/// Of the factors of the wanted variables; parents before children, otherwise in the order of the model.
DependencyOrder dependency_order(const ir::Model& model, const std::vector<const ir::Tensor*>& wanted);

}  // namespace freefall::elaborate

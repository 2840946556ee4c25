#pragma once
// The specifications of the models, as their experiments compile them.

#include "codegen/plan/specialisation.hpp"

namespace freefall::test {

struct ModelProgram {
  ir::Program program;
  plan::Specialisation sizes;  ///< named after the model
};

std::vector<ModelProgram> model_programs();

}  // namespace freefall::test

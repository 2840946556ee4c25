#pragma once
// What each kernel costs, with the optional passes and without them.

#include <string>
#include <vector>

#include "codegen/loop/cost.hpp"
#include "codegen/plan/pipeline.hpp"

namespace freefall::report {

struct KernelCost {
  std::string kernel;
  loop::Cost before, after;                         ///< without and with the optional passes
  std::size_t memory_before = 0, memory_after = 0;  ///< bytes of workspace
  std::size_t arrays = 0;                           ///< bytes of the caller's arrays it reads or writes
};

/// In the order of the program. Throws ir::ModelError for wrong sizes.
std::vector<KernelCost> kernel_costs(const ir::Program& program, const plan::Specialisation& sizes);

/// A number with three significant digits, a prefix of thousands and its unit: "1.57 M", "1.57 MB".
std::string with_prefix(double value, const char* unit = "");

}  // namespace freefall::report

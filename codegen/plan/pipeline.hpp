#pragma once
// The one ordered list of passes from a program to lowered kernels.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "codegen/calculus/derive.hpp"
#include "codegen/ir/print.hpp"
#include "codegen/loop/loop.hpp"

namespace freefall::plan {

/// Everything the emitters and reports read.
struct Compilation {
  const ir::Program* program = nullptr;
  Specialisation sizes;
  calculus::Derivation derivation;
  std::vector<calculus::Procedure> planned;  ///< schedules after the schedule passes
  std::vector<loop::Kernel> kernels;         ///< after the loop passes
  /// By the name of a kernel: arrays that it does not check before it begins.
  std::map<std::string, std::vector<const ir::Tensor*>> trusted;
  /// Scalar that is 1 once the kernel `prepare` has run; null for a program without constants.
  const ir::Tensor* is_prepared = nullptr;
};

/// The readable names of recurring parts (prediction errors), for everything that prints.
ir::PrintOptions part_names(const Compilation& compilation);

struct Pass {
  const char* name;
  const char* what;  ///< one line
  void (*run)(Compilation&);
  bool optional = false;  ///< an optimisation: without it kernels are right and slower
};
const std::vector<Pass>& passes();

/// The rules alone, which need no sizes: what the reports of a model read. Throws ir::ModelError.
Compilation derive(const ir::Program& program);

/// The names of those that are.
std::vector<std::string> optional_passes();

/// Runs the passes in order, and the IR verifier after each; `after` is called after each (to dump, to time),
/// and returns false to stop there. Optional passes named in `without` are left out, to see what they are
/// worth. Throws ir::ModelError for a wrong specification.
Compilation compile(const ir::Program& program, const Specialisation& sizes,
                    const std::function<bool(const Pass&, const Compilation&)>& after = {},
                    const std::vector<std::string>& without = {});

}  // namespace freefall::plan

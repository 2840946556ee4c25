#pragma once
// The schedule: what a kernel computes, as assignments of expressions to tensors. Descents have become rules.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "codegen/ir/expr.hpp"

namespace freefall::calculus {

/// target[i, j, ...] := value, over the canonical indices of the target.
struct Assignment {
  const ir::Tensor* target = nullptr;
  ir::Expr value;
  std::string label;  ///< the equation this computes: "W1 -= rate dF/dW1"
};

/// All values are taken before any target changes.
struct Assign {
  std::vector<Assignment> simultaneous;
};

struct Step;
using Steps = std::vector<Step>;

/// Runs the body `count` times, or until no element of `watched` moved by more than `tolerance` in a pass.
/// With `while_positive`, a pass is made only if one element of it is positive.
struct Loop {
  std::size_t count = 0;
  std::optional<double> tolerance;
  std::vector<const ir::Tensor*> watched;
  Steps body;
  const ir::Tensor* while_positive = nullptr;
};

struct Step {
  std::variant<Assign, Loop> action;
};

/// Tensors assigned anywhere in the steps, in order of first assignment.
std::vector<const ir::Tensor*> assigned(const Steps& steps);
/// Tensors read by values anywhere in the steps, in order of first use.
std::vector<const ir::Tensor*> read(const Steps& steps);

}  // namespace freefall::calculus

#pragma once
// The schedule: what a kernel computes, as assignments of expressions to tensors. Descents have become rules.

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "codegen/ir/expr.hpp"

namespace freefall::calculus {

/// The index that stands for the element visited inside a Sweep over its axis (the current tick of time), and
/// the one that counts the visits. Both are constant in one pass of the body.
ir::Index tick_of(const ir::Axis* axis);
ir::Index visit_of(const ir::Axis* axis);
bool is_tick(const ir::Index& index);  ///< either of the two

/// target[i, j, ...] := value, over the canonical indices of the target. Inside a Sweep an assignment may be
/// of the current tick only: then the tick stands in place of the index over the swept axis.
struct Assignment {
  const ir::Tensor* target = nullptr;
  ir::Expr value;
  std::string label;               ///< the equation this computes: "W1 -= rate dF/dW1"
  const ir::Axis* tick = nullptr;  ///< the swept axis, or null: all elements
};
/// What stands between the brackets on the left.
std::vector<ir::Index> target_indices(const Assignment& assignment);
ir::Expr target_element(const Assignment& assignment);

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

/// Runs the body for one element of an axis after the other.
struct Sweep {
  const ir::Axis* axis = nullptr;
  ir::Order order = ir::Order::forwards;
  std::string stream;  ///< of the uniform draws that make a random order; number k belongs to visit k
  Steps body;
};
/// The elements in the order they are visited; `uniform(k)` gives draw k.
std::vector<std::size_t> visits(ir::Order order, std::size_t extent,
                                const std::function<long double(std::size_t)>& uniform);

struct Step {
  std::variant<Assign, Loop, Sweep> action;
};

/// The body of a Loop or a Sweep, or null.
const Steps* body_of(const Step& step);
Steps* body_of(Step& step);

/// Tensors assigned anywhere in the steps, in order of first assignment.
std::vector<const ir::Tensor*> assigned(const Steps& steps);
/// Tensors read by values anywhere in the steps, in order of first use.
std::vector<const ir::Tensor*> read(const Steps& steps);

}  // namespace freefall::calculus

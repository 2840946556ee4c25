// Functions in generalised coordinates of motion; the contract stands in codegen/ir/program.hpp.

#include <algorithm>

#include "codegen/calculus/derivative.hpp"
#include "codegen/calculus/hessian.hpp"
#include "codegen/ir/program.hpp"

namespace freefall::ir {

Expr generalised(Expr e, const Axis* order) {
  Context& context = *e->context;
  const Index n{order, 0};
  const auto moves = [&](const Tensor* t) {
    return std::find(t->axes.begin(), t->axes.end(), order) != t->axes.end();
  };
  // The slope along a step that is named apart, so that holding the base point leaves the step free.
  std::vector<calculus::Tangent> steps;
  for (const Tensor* t : tensors_of(e)) {
    if (!moves(t)) continue;
    const Tensor* step = context.tensor("step[" + t->name + "]", t->axes, Role::temporary);
    steps.push_back({t, element(context, step)});
  }
  const auto step_of = [&](Expr node) {
    return std::find_if(steps.begin(), steps.end(), [&](const calculus::Tangent& s) {
      return node->op == Op::Access && s.direction->tensor == node->tensor;
    });
  };
  Expr slope = calculus::directional_derivative(e, steps);
  for (const calculus::Tangent& s : steps) slope = calculus::hold(slope, s.tensor);
  slope = transform(slope, [&](Expr node) {
    if (node->op == Op::Freeze) return substitute(node, {{n, Subscript(0)}});
    const auto at = step_of(node);
    return at == steps.end() ? node : make_access(context, at->tensor, node->subscripts);
  });
  const Substitution to_zero{{n, Subscript(0)}};
  const Expr rest = substitute(e, to_zero) - substitute(slope, to_zero);
  if (rest->is_constant(0)) return slope;  // f is linear
  const Expr zeroth = make_delta(context, Subscript(n), Subscript(0));
  return zeroth * substitute(e, to_zero) + (make_constant(context, 1) - zeroth) * slope;
}

}  // namespace freefall::ir

#include "codegen/calculus/stationary.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/calculus/derivative.hpp"
#include "codegen/calculus/hessian.hpp"

namespace freefall::calculus {
namespace {

using namespace ir;

[[noreturn]] void fail(const Origin& origin, const std::string& text) { throw ModelError(text, origin); }

bool reads(Expr e, const Tensor* tensor) {
  const auto all = tensors_of(e);
  return std::find(all.begin(), all.end(), tensor) != all.end();
}

Stationary mode(Expr functional, const Tensor* target, const Origin& origin, const Axis* visited) {
  Context& context = *functional->context;
  const Expr slope = gradient(functional, target);
  const Index column = block_indices(target, visited).column.value_or(Index{});
  const Expr curvature = thaw(jacobian(slope, target, column, visited));
  if (curvature->is_constant(0) || reads(curvature, target)) {
    fail(origin, fmt::format("solve: dF/d{0} is not affine in '{0}', so its zero has no closed form; write "
                             "repeat(n, descend(F, {0}, newton()))",
                             target->name));
  }
  return {thaw(slope),
          {target, thaw(element(context, target) - newton_step(slope, target, visited)),
           fmt::format("{0} -= (d2F/d{0}2)^-1 dF/d{0}: dF/d{0} = 0", target->name)}};
}

// F with the inverse of the target as its variable: Pi^-1 becomes `covariance`, ln|Pi| becomes
// -ln|covariance|.
Expr in_covariance(Expr functional, const Tensor* target, const Tensor* covariance,
                   const BlockIndices& block) {
  Context& context = *functional->context;
  const auto is_target = [&](Expr e) { return e->op == Op::Access && e->tensor == target; };
  return transform(functional, [&](Expr e) {
    if (!block.row) return is_target(e) ? power(make_access(context, covariance, e->subscripts), -1) : e;
    if ((e->op != Op::Inverse && e->op != Op::LogDet) || !is_target(e->args[0])) return e;
    std::vector<Subscript> at = e->args[0]->subscripts;
    if (e->op == Op::Inverse) {
      // The matrix axis stands twice, plates may stand between.
      const auto row = std::find(target->axes.begin(), target->axes.end(), block.row->axis);
      const auto column = std::find(row + 1, target->axes.end(), block.row->axis);
      at[static_cast<std::size_t>(row - target->axes.begin())] = e->subscripts[0];
      at[static_cast<std::size_t>(column - target->axes.begin())] = e->subscripts[1];
      return make_access(context, covariance, at);
    }
    return -make_log_det(e->bound[0], e->bound[1], make_access(context, covariance, at));
  });
}

Stationary precision(Expr functional, const Tensor* target, const Origin& origin) {
  Context& context = *functional->context;
  // The precision of x has the indices of x and its matrix axis again.
  BlockIndices block;
  for (const Index& i : canonical_indices(target)) {
    if (i.axis->plate) {
      block.copies.push_back(i);
    } else {
      (block.row ? block.column : block.row) = i;
    }
  }
  const std::string name = fmt::format("inverse[{}]", target->name);  // no name of the user's
  const Tensor* covariance = context.tensor(name, target->axes, Role::temporary);
  const Expr changed = in_covariance(functional, target, covariance, block);
  const Expr slope = gradient(changed, covariance);
  const Expr inverse = block_inverse(block, element(context, covariance));
  const auto at_inverse = [&](int number) {
    return replace(slope, {{inverse, make_constant(context, number)}});
  };
  // Of a covariance and its transpose F may read either, so that the derivative has to be made symmetric.
  Expr rest = at_inverse(0);
  const Expr factor = at_inverse(1) - rest;
  if (block.row) rest = symmetric_part(rest, *block.row, *block.column);
  const bool closed = !factor->is_constant(0) && !reads(factor, covariance) && !reads(rest, covariance) &&
                      !reads(changed, target);
  if (!closed) {
    fail(origin,
         fmt::format("solve: F depends on '{}' other than through the expectations and the entropy of a "
                     "normal family, so its stationary value has no closed form",
                     target->name));
  }
  if (rest->is_constant(0)) {
    fail(origin,
         fmt::format("solve: F has no curvature at the mean that '{}' goes with, so its stationary value "
                     "is no precision but zero; give that variable the family delta",
                     target->name));
  }
  return {thaw(gradient(functional, target)),
          {target, thaw(-(rest / factor)), fmt::format("{0}: dF/d({0}^-1) = 0", target->name)}};
}

}  // namespace

Stationary stationary(Expr functional, const Tensor* target, const Origin& origin, const Axis* visited) {
  return target->role == Role::state ? precision(functional, target, origin)
                                     : mode(functional, target, origin, visited);
}

}  // namespace freefall::calculus

#include "codegen/calculus/hessian.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/calculus/derivative.hpp"
#include "codegen/ir/program.hpp"

namespace freefall::calculus {
namespace {

using namespace ir;

constexpr const char* kHeld = "held";
constexpr int kMovedLevel = 6500;  // of an index no user and no pass writes

// A block for each copy is the whole only where no copy moves the slope of another: the derivative of the
// slope by one copy is zero at the others, where indicators of that copy are zero.
void check_copies(Expr slope, const Tensor* tensor, const BlockIndices& block,
                  const Axis* visited = nullptr) {
  constexpr int kOneCopy = 7200;  // levels nobody else uses
  Context& context = *slope->context;
  std::vector<Expr> at;
  if (block.row) at.push_back(make_delta(context, Subscript(*block.row), Subscript(*block.column)));
  for (const Index& c : block.copies)
    at.push_back(make_delta(context, Subscript(c), Subscript(Index{c.axis, c.level + kOneCopy})));
  const Expr by_one = directional_derivative(slope, {{tensor, make_product(context, at)}});
  for (const Index& c : block.copies) {
    if (c.axis == visited) continue;  // the others stand still
    const Expr elsewhere = transform(by_one, [&](Expr n) {
      const bool of_copy = n->op == Op::Delta && n->depends_on({c.axis, c.level + kOneCopy});
      return of_copy ? make_constant(context, 0) : n;
    });
    if (elsewhere->is_constant(0)) continue;
    throw ModelError(
        fmt::format("the copies of '{0}' along '{1}' depend on each other in F, so its second derivatives "
                    "are no block for "
                    "each copy; give '{0}' the family delta, and descend on it by its gradient",
                    tensor->name, c.axis->name));
  }
}

}  // namespace

BlockIndices block_indices(const Tensor* tensor, const Axis* visited) {
  BlockIndices out;
  for (const Index& i : canonical_indices(tensor)) {
    if (i.axis->plate || i.axis == visited) {
      out.copies.push_back(i);
    } else if (out.row) {
      throw ModelError(fmt::format(
          "'{0}' has the axes '{1}' and '{2}' beside its plates, and its second derivatives would "
          "couple them; give '{0}' one axis",
          tensor->name, out.row->axis->name, i.axis->name));
    } else {
      out.row = i;
      out.column = Index{i.axis, i.level + 1};
    }
  }
  return out;
}

Expr jacobian(Expr e, const Tensor* tensor, const Index& along, const Axis* visited) {
  const BlockIndices block = block_indices(tensor, visited);
  Expr direction = block.row ? make_delta(*e->context, Subscript(*block.row), Subscript(along))
                             : make_constant(*e->context, 1);
  // Only the visited element moves, and e is read there.
  Substitution there;
  for (const Index& i : block.copies) {
    if (i.axis != visited) continue;
    const Index moved{i.axis, kMovedLevel};
    direction = direction * make_delta(*e->context, Subscript(i), Subscript(moved));
    there.emplace_back(moved, Subscript(i));
  }
  return substitute(directional_derivative(e, {{tensor, direction}}), there);
}

Expr hessian(Expr f, const Tensor* tensor) {
  const BlockIndices block = block_indices(tensor);
  const Expr slope = gradient(f, tensor);
  check_copies(slope, tensor, block);
  return jacobian(slope, tensor, block.column.value_or(Index{}));
}

Expr newton_step(Expr gradient, const Tensor* tensor, const Axis* visited) {
  const BlockIndices block = block_indices(tensor, visited);
  check_copies(gradient, tensor, block, visited);
  const Expr curvature = jacobian(gradient, tensor, block.column.value_or(Index{}), visited);
  if (curvature->is_constant(0)) {
    throw ModelError(
        fmt::format("newton: the second derivative of F by '{0}' is zero, so it has no step; descend on "
                    "'{0}' by rate(...)",
                    tensor->name));
  }
  if (!block.row) return gradient / curvature;
  return make_contract({*block.column},
                       block_inverse(block, curvature) * substitute(gradient, {{*block.row, *block.column}}));
}

Expr hold(Expr e, const Tensor* tensor) {
  return transform(
      e, [&](Expr n) { return n->op == Op::Access && n->tensor == tensor ? make_freeze(n, kHeld) : n; });
}

Expr thaw(Expr e) {
  return transform(e, [](Expr n) { return n->op == Op::Freeze && n->name == kHeld ? n->args[0] : n; });
}

Expr linearise(Expr e, const Tensor* tensor) {
  // The slope is taken along a direction that is named apart, so that holding leaves the direction free.
  Context& context = *e->context;
  const Tensor* step = context.tensor("step[" + tensor->name + "]", tensor->axes, Role::temporary);
  const Expr along = hold(directional_derivative(e, {{tensor, element(context, step)}}), tensor);
  const Expr moved = transform(along, [&](Expr n) {
    if (n->op != Op::Access || n->tensor != step) return n;
    const Expr t = make_access(context, tensor, n->subscripts);
    return t - hold(t, tensor);
  });
  return hold(e, tensor) + moved;
}

bool has_held(Expr e) {
  const auto nodes = topological({e});
  return std::any_of(nodes.begin(), nodes.end(),
                     [](Expr n) { return n->op == Op::Freeze && n->name == kHeld; });
}

Expr block_inverse(const BlockIndices& block, Expr matrix) {
  if (!block.row) return power(matrix, -1);
  return make_inverse(*block.row, *block.column, matrix, Subscript(*block.row), Subscript(*block.column));
}

Expr block_log_det(const BlockIndices& block, Expr matrix) {
  if (!block.row) return make_map(Function::log, {matrix});
  return make_log_det(*block.row, *block.column, matrix);
}

}  // namespace freefall::calculus

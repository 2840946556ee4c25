#include "codegen/calculus/stationary_point.hpp"

#include <algorithm>
#include <optional>

#include "codegen/calculus/derivative.hpp"
#include "codegen/ir/expand.hpp"

namespace freefall::calculus {
namespace {

using namespace ir;

bool reads(Expr e, const Tensor* tensor) {
  const auto all = tensors_of(e);
  return std::find(all.begin(), all.end(), tensor) != all.end();
}

bool reads_elsewhere(Expr e, Expr own) {
  const auto nodes = topological({e});
  return std::any_of(nodes.begin(), nodes.end(),
                     [&](Expr n) { return n->tensor == own->tensor && !(n == own); });
}

// Each term of a sum divided on its own, so that a common factor leaves it without multiplying the terms out.
Expr divide_terms(Expr sum, Expr by) {
  if (sum->op != Op::Sum) return sum / by;
  std::vector<Expr> terms;
  for (const Expr t : sum->args) terms.push_back(t / by);
  Expr out = make_sum(*sum->context, terms, sum->weights);
  return sum->value.is_zero() ? out : out + make_constant(*sum->context, sum->value) / by;
}

}  // namespace

std::optional<StationaryPoint> try_stationary_point(Expr functional, const elaborate::FamilyRow& family,
                                                    const Family::Member& member) {
  Context& context = *functional->context;
  const Expr b = element(context, family.natural(context, member)), mean = family.mean(context, member);
  // Both depend on b at their own index alone, so the derivative of the sum over elements is that of each.
  if (reads_elsewhere(functional, b) || reads_elsewhere(mean, b)) return std::nullopt;
  const auto own = canonical_indices(b->tensor);
  StationaryPoint out;
  out.gradient = gradient(make_contract(own, functional), b->tensor);
  const Expr fisher = gradient(make_contract(own, mean), b->tensor);
  out.natural_gradient = divide_terms(out.gradient, fisher);
  out.value = b - out.natural_gradient;
  if (reads(out.value, b->tensor)) {
    const auto expanded = try_expand(out.gradient / fisher);
    if (!expanded) return std::nullopt;
    out.natural_gradient = *expanded;
    out.value = b - out.natural_gradient;
  }
  if (reads(out.value, b->tensor)) return std::nullopt;
  return out;
}

}  // namespace freefall::calculus

#include "codegen/calculus/stationary_counts.hpp"

#include <algorithm>

#include "codegen/calculus/derivative.hpp"
#include "codegen/elaborate/dirichlet.hpp"
#include "codegen/ir/expand.hpp"

namespace freefall::calculus {

using namespace ir;

std::optional<StationaryCounts> try_stationary_counts(Expr functional, const Tensor* counts) {
  Context& context = *functional->context;
  const Index column = elaborate::distribution_index(counts);
  const Expr a = element(context, counts);
  const Expr own = make_map(Function::trigamma, {a}),
             whole = make_map(Function::trigamma, {make_contract({column}, a)});
  StationaryCounts out;
  out.gradient = gradient(functional, counts);
  // dF/da_k = psi'(a_k) v_k - psi'(a_0) sum_i v_i: v is the coefficient of psi'(a_k).
  const auto expanded = try_expand(out.gradient);
  if (!expanded) return std::nullopt;
  const auto with_own = [&](int value) { return replace(*expanded, {{own, make_constant(context, value)}}); };
  const auto coefficient = try_expand(with_own(1) - with_own(0));
  if (!coefficient) return std::nullopt;
  const Expr v = *coefficient;
  const auto left = try_expand(out.gradient - own * v + whole * make_contract({column}, v));
  const auto value = try_expand(a - v);
  if (!left || !(*left)->is_constant(0) || !value) return std::nullopt;
  const auto read = tensors_of(*value);
  if (std::find(read.begin(), read.end(), counts) != read.end()) return std::nullopt;
  out.natural_gradient = v;
  out.value = *value;
  return out;
}

}  // namespace freefall::calculus

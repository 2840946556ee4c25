#include "codegen/elaborate/normal.hpp"

#include <algorithm>

namespace freefall::elaborate {
namespace {

using namespace ir;

// The matrix axis of a full precision or covariance: the one it carries primed as well.
const Index* matrix_index(const std::vector<Index>& own, Expr matrix) {
  for (const Index& i : own) {
    if (matrix->depends_on({i.axis, i.level + 1}) && matrix->depends_on(i)) return &i;
  }
  return nullptr;
}

Expr half_log_two_pi(Context& context) {
  return Number::ratio(1, 2) * make_map(Function::log, {Number(2) * make_pi(context)});
}

Expr diagonal_precision(Context& context, const Factor& factor) {
  if (const Expr p = argument(factor, "precision")) return p;
  if (const Expr v = argument(factor, "variance")) return power(v, -1);
  if (const Expr v = argument(factor, "covariance")) return power(v, -1);
  return make_constant(context, 1);
}

NegativeLogDensity negative_log(Context& context, const Factor& factor) {
  const std::vector<Index> own = canonical_indices(factor.variable);
  const Expr error = element(context, factor.variable) - argument(factor, "mean");
  NegativeLogDensity out;
  if (error->op == Op::Sum) out.named.push_back({"eps_" + factor.variable->name, error, own});
  const Expr mean = argument(factor, "mean");
  if (!mean->args.empty()) out.named.push_back({"mean_" + factor.variable->name, mean, {}});
  Expr matrix = argument(factor, "precision");
  const bool by_covariance = !matrix && argument(factor, "covariance");
  if (by_covariance) matrix = argument(factor, "covariance");
  const Index* axis = matrix ? matrix_index(own, matrix) : nullptr;
  if (axis == nullptr) {
    const Expr precision = diagonal_precision(context, factor);
    const Expr each = Number::ratio(1, 2) * precision * power(error, 2) -
                      Number::ratio(1, 2) * make_map(Function::log, {precision}) + half_log_two_pi(context);
    out.value = make_contract(own, each);
    return out;
  }
  const Index row = *axis, column{row.axis, row.level + 1};
  const Expr precision =
      by_covariance ? make_inverse(row, column, matrix, Subscript(row), Subscript(column)) : matrix;
  const Expr log_det = Number(by_covariance ? -1 : 1) * make_log_det(row, column, matrix);
  const Expr quadratic = make_contract({row, column}, error * precision * substitute(error, {{row, column}}));
  std::vector<Index> others = own;
  std::erase(others, row);
  const Expr each = Number::ratio(1, 2) * quadratic - Number::ratio(1, 2) * log_det +
                    make_extent(context, row.axis) * half_log_two_pi(context);
  out.value = make_contract(others, each);
  return out;
}

Expr mean(const Factor& factor) { return argument(factor, "mean"); }

}  // namespace

DensityRow normal_row() {
  return {"normal", {"mean", "precision", "variance", "covariance"}, negative_log, mean};
}

}  // namespace freefall::elaborate

#include "codegen/elaborate/normal.hpp"

#include <algorithm>

#include "codegen/calculus/hessian.hpp"

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

// The precision of a factor: a Kronecker product of matrices over axes of their own, times a value for each
// element. ln|A x B| = dim(B) ln|A| + dim(A) ln|B|.
struct Spread {
  Expr precision, log_det, dimension;
  std::vector<Index> rows;
};

Spread spread_of(Context& context, const Factor& factor) {
  const std::vector<Index> own = canonical_indices(factor.variable);
  Spread out{{}, {}, make_constant(context, 1), {}};
  std::vector<std::pair<Index, Expr>> log_dets;
  std::vector<Expr> precisions, scales;
  for (const auto& [name, value] : factor.arguments) {
    if (name == "mean") continue;
    if (const Index* axis = matrix_index(own, value)) {
      const Index row = *axis, column{row.axis, row.level + 1};
      const bool by_covariance = name == "covariance";
      precisions.push_back(by_covariance ? make_inverse(row, column, value, Subscript(row), Subscript(column))
                                         : value);
      log_dets.emplace_back(row, Number(by_covariance ? -1 : 1) * make_log_det(row, column, value));
      out.rows.push_back(row);
      out.dimension = out.dimension * make_extent(context, row.axis);
    } else {
      scales.push_back(name == "precision" ? value : power(value, -1));
    }
  }
  const Expr scale = make_product(context, scales);
  out.precision = make_product(context, precisions) * scale;
  out.log_det = out.dimension * make_map(Function::log, {scale});
  for (const auto& [row, log_det] : log_dets)
    out.log_det = out.log_det + out.dimension / make_extent(context, row.axis) * log_det;
  return out;
}

NegativeLogDensity negative_log(Context& context, const Factor& factor) {
  const std::vector<Index> own = canonical_indices(factor.variable);
  const Expr error = drawn(context, factor) - argument(factor, "mean");
  NegativeLogDensity out;
  if (error->op == Op::Sum) out.named.push_back({"eps_" + factor.variable->name, error, own});
  const Expr mean = argument(factor, "mean");
  if (!mean->args.empty()) {
    // As the error has them, without those on which the mean does not depend.
    std::vector<Index> order = own;
    std::erase_if(order, [&](const Index& i) { return !mean->depends_on(i); });
    if (order.size() != mean->free.size()) order.clear();
    out.named.push_back({"mean_" + factor.variable->name, mean, order});
  }
  const Spread spread = spread_of(context, factor);
  Substitution transpose;
  std::vector<Index> matrix_indices, others = own;
  for (const Index& row : spread.rows) {
    const Index column{row.axis, row.level + 1};
    transpose.emplace_back(row, column);
    matrix_indices.insert(matrix_indices.end(), {row, column});
    std::erase(others, row);
  }
  const Expr quadratic =
      make_contract(matrix_indices, error * spread.precision * substitute(error, transpose));
  const Expr each = Number::ratio(1, 2) * quadratic - Number::ratio(1, 2) * spread.log_det +
                    spread.dimension * half_log_two_pi(context);
  out.value = make_contract(others, each);
  return out;
}

// The covariance of a factor over row and column of its variable; the variance of a scalar.
Expr covariance(Context& context, const Factor& factor, const calculus::BlockIndices& block) {
  const Expr given = argument(factor, "covariance"), precision = argument(factor, "precision");
  const auto is_matrix = [&](Expr e) { return e && block.column && e->depends_on(*block.column); };
  if (is_matrix(given)) return given;
  if (is_matrix(precision)) return calculus::block_inverse(block, precision);
  const Expr each = power(diagonal_precision(context, factor), -1);
  return block.row ? make_delta(context, Subscript(*block.row), Subscript(*block.column)) * each : each;
}

// Normal with mean m(z), z normal about its mean with covariance S: normal with mean m(z) and covariance
// Q + J S J', J = dm/dz at the mean of z. Exact where m is affine in z.
Factor marginal(Context& context, const Factor& factor, const Tensor* parent,
                std::vector<Assumption>& ledger) {
  if (factor.arguments.size() > 2) {
    throw ModelError("marginal: the spread of '" + factor.variable->name +
                     "' is a Kronecker product, which the integral is not; give one matrix");
  }
  const calculus::BlockIndices own = calculus::block_indices(factor.variable),
                               of = calculus::block_indices(parent);
  const Expr m = argument(factor, "mean");
  Expr spread = calculus::block_inverse(of, element(context, precision_of(context, parent)));
  std::vector<Index> summed;
  if (of.row) {
    // Apart from the indices of the variable, which may have the same axis.
    summed = {{of.row->axis, of.row->level + 10}, {of.row->axis, of.row->level + 11}};
    spread = substitute(spread, {{*of.row, summed[0]}, {*of.column, summed[1]}});
  }
  const Expr left = calculus::jacobian(m, parent, of.row ? summed[0] : Index{});
  Substitution other;
  if (own.row) other.emplace_back(*own.row, *own.column);
  if (of.row) other.emplace_back(summed[0], summed[1]);
  const Expr total =
      covariance(context, factor, own) + make_contract(summed, left * spread * substitute(left, other));
  const auto reads = tensors_of(left);
  const bool affine = std::find(reads.begin(), reads.end(), parent) == reads.end();
  note(ledger, {affine ? "marginal" : "linearised marginal", factor.variable->name,
                "integrated over '" + parent->name + "', normal with precision '" +
                    precision_of(context, parent)->name + "'" +
                    (affine ? "; exact" : "; the mean is linearised at the mean of '" + parent->name + "'")});
  Factor out = factor;
  out.arguments = {{"mean", m}, {own.row ? "covariance" : "variance", total}};
  out.marginalised.clear();
  return out;
}

Expr mean(const Factor& factor) { return argument(factor, "mean"); }

}  // namespace

DensityRow normal_row() {
  return {"normal", {"mean", "precision", "variance", "covariance"}, negative_log, mean, nullptr, marginal};
}

}  // namespace freefall::elaborate

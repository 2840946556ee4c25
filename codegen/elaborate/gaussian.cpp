#include "codegen/elaborate/gaussian.hpp"

#include <algorithm>

#include "codegen/calculus/hessian.hpp"

namespace freefall::elaborate {
namespace {

using namespace ir;
using calculus::BlockIndices;

std::vector<Index> all(const BlockIndices& block) {
  std::vector<Index> out = block.copies;
  if (block.row) out.insert(out.end(), {*block.row, *block.column});
  return out;
}

Expr precision(Context& context, const Family::Member& member) {
  return element(context, precision_of(context, member.variable));
}

Expr expectation(Expr e, const Family::Member& member, std::vector<Assumption>& ledger) {
  const Expr curvature = calculus::hessian(e, member.variable);
  if (curvature->is_constant(0)) return e;
  const auto reads = tensors_of(curvature);
  if (std::find(reads.begin(), reads.end(), member.variable) != reads.end()) {
    note(ledger,
         {"second order", member.variable->name,
          "the energy is not quadratic; its expectation is taken to second order about the mean, and the "
          "curvature there is held while the mean moves"});
  }
  const BlockIndices block = calculus::block_indices(member.variable);
  const Expr covariance = calculus::block_inverse(block, precision(*e->context, member));
  return e + Number::ratio(1, 2) *
                 make_contract(all(block), covariance * calculus::hold(curvature, member.variable));
}

Expr negative_entropy(Context& context, const Family::Member& member, std::vector<Assumption>& ledger) {
  note(ledger, {"Laplace", member.variable->name,
                "q is normal, its mean '" + member.variable->name + "' and its precision '" +
                    precision_of(context, member.variable)->name + "'"});
  const BlockIndices block = calculus::block_indices(member.variable);
  const Expr dimension = block.row ? make_extent(context, block.row->axis) : make_constant(context, 1);
  const Expr log_two_pi_e = make_map(Function::log, {Number(2) * make_pi(context)}) + Number(1);
  const Expr each = Number::ratio(1, 2) *
                    (calculus::block_log_det(block, precision(context, member)) - dimension * log_two_pi_e);
  return make_contract(block.copies, each);
}

}  // namespace

FamilyRow gaussian_row() { return {"gaussian", expectation, negative_entropy}; }

}  // namespace freefall::elaborate

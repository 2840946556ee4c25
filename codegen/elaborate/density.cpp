#include "codegen/elaborate/density.hpp"

#include <algorithm>

#include "codegen/calculus/derivative.hpp"
#include "codegen/elaborate/categorical.hpp"
#include "codegen/elaborate/continuous_bernoulli.hpp"
#include "codegen/elaborate/dirichlet.hpp"
#include "codegen/elaborate/gaussian.hpp"
#include "codegen/elaborate/gibbs.hpp"
#include "codegen/elaborate/normal.hpp"

namespace freefall::elaborate {
namespace {

// Under a point mass the expectation of a function is its value at the point, which the variable now denotes.
ir::Expr delta_expectation(ir::Expr e, const ir::Family::Member&, std::vector<Assumption>&) { return e; }

ir::Expr delta_negative_entropy(ir::Context&, const ir::Family::Member& member,
                                std::vector<Assumption>& ledger) {
  ledger.push_back({"point mass", member.variable->name,
                    "q is a point mass; its entropy does not depend on the point and is left out of F"});
  return ir::Expr();
}

template <class Row>
const Row* find(const std::vector<Row>& rows, std::string_view name) {
  for (const Row& row : rows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace

const std::vector<DensityRow>& densities() {
  static const std::vector<DensityRow> rows = {normal_row(), continuous_bernoulli_row(), categorical_row(),
                                               dirichlet_row(), gibbs_row()};
  return rows;
}
const DensityRow* find_density(std::string_view name) { return find(densities(), name); }

namespace {

constexpr int kElement = 7000;  // a level of indices nobody else uses

// The direction in which one element of the variable moves, that at the indices of level kElement.
calculus::Tangent element_direction(ir::Context& context, const ir::Tensor* variable) {
  std::vector<ir::Expr> at_element;
  for (const ir::Index& i : ir::canonical_indices(variable)) {
    const ir::Index moving{i.axis, i.level + kElement};
    at_element.push_back(make_delta(context, ir::Subscript(i), ir::Subscript(moving)));
  }
  return {variable, make_product(context, at_element)};
}

// The element that moves is the one at the variable's own indices.
ir::Expr at_own_element(ir::Expr e, const ir::Tensor* variable) {
  ir::Substitution to_own;
  for (const ir::Index& i : ir::canonical_indices(variable))
    to_own.emplace_back(ir::Index{i.axis, i.level + kElement}, ir::Subscript(i));
  return substitute(e, to_own);
}

}  // namespace

bool is_affine_in_each_element(ir::Expr e, const ir::Tensor* variable) {
  const calculus::Tangent element = element_direction(*e->context, variable);
  const ir::Expr slope = calculus::directional_derivative(e, {element});
  return calculus::directional_derivative(slope, {element})->is_constant(0);
}

bool is_free_of_own_element(ir::Expr e, const ir::Tensor* variable) {
  const ir::Expr slope = calculus::directional_derivative(e, {element_direction(*e->context, variable)});
  return at_own_element(slope, variable)->is_constant(0);
}

bool is_affine_in_own_element(ir::Expr e, const ir::Tensor* variable) {
  const calculus::Tangent element = element_direction(*e->context, variable);
  const ir::Expr slope = calculus::directional_derivative(e, {element});
  return at_own_element(calculus::directional_derivative(slope, {element}), variable)->is_constant(0);
}

ir::Expr drawn(ir::Context& context, const ir::Factor& factor) {
  return factor.drawn ? factor.drawn : element(context, factor.variable);
}

void note(std::vector<Assumption>& ledger, Assumption entry) {
  const bool known = std::any_of(ledger.begin(), ledger.end(), [&](const Assumption& a) {
    return a.name == entry.name && a.place == entry.place && a.text == entry.text;
  });
  if (!known) ledger.push_back(std::move(entry));
}

ir::Expr argument(const ir::Factor& factor, std::string_view name) {
  for (const auto& [key, value] : factor.arguments) {
    if (key == name) return value;
  }
  return ir::Expr();
}

const std::vector<FamilyRow>& families() {
  static const std::vector<FamilyRow> rows = {{"delta", delta_expectation, delta_negative_entropy},
                                              continuous_bernoulli_family(),
                                              gaussian_row(),
                                              categorical_family(),
                                              exact_family(),
                                              conditional_family(),
                                              dirichlet_family()};
  return rows;
}
const FamilyRow* find_family(std::string_view name) { return find(families(), name); }

const ir::Family::Member* find_member_with_parameters(const ir::Program& program,
                                                      const ir::Tensor* variable) {
  for (const ir::Family& family : program.families) {
    for (const auto& member : family.members) {
      if (member.variable == variable && find_family(member.density)->parameters != nullptr) return &member;
    }
  }
  return nullptr;
}

}  // namespace freefall::elaborate

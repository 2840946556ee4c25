#include "codegen/elaborate/density.hpp"

#include <algorithm>

#include "codegen/elaborate/gaussian.hpp"
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
  static const std::vector<DensityRow> rows = {normal_row()};
  return rows;
}
const DensityRow* find_density(std::string_view name) { return find(densities(), name); }

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
                                              gaussian_row()};
  return rows;
}
const FamilyRow* find_family(std::string_view name) { return find(families(), name); }

}  // namespace freefall::elaborate

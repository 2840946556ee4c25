#include "codegen/elaborate/dirichlet.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/calculus/derivative.hpp"

namespace freefall::elaborate {
namespace {

using namespace ir;

Expr digamma(Expr e) { return make_map(Function::digamma, {e}); }
Expr log_gamma(Expr e) { return make_map(Function::log_gamma, {e}); }

// The sum of `a`, over the canonical indices of the table, over one column.
Expr column_sum(const Tensor* table, Expr a) { return make_contract({distribution_index(table)}, a); }

std::vector<Index> columns(const Tensor* table) {
  std::vector<Index> out = canonical_indices(table);
  std::erase(out, distribution_index(table));
  return out;
}

// sum over columns of ln of the normaliser, sum_i ln Gamma(a_i) - ln Gamma(a_0), minus sum_i (a_i - 1)
// mean_log_i.
Expr minus_log(const Tensor* table, Expr a, Expr mean_log) {
  const Expr each = log_gamma(a) - (a + Number(-1)) * mean_log;
  return make_contract(columns(table), column_sum(table, each) - log_gamma(column_sum(table, a)));
}

NegativeLogDensity negative_log(Context& context, const Factor& factor) {
  const Expr a = argument(factor, "concentration");
  NegativeLogDensity out;
  if (!a->args.empty()) out.named.push_back({"concentration_of_" + factor.variable->name, a, {}});
  out.value =
      minus_log(factor.variable, a, make_map(Function::log_probability, {element(context, factor.variable)}));
  return out;
}

Expr mean(const Factor& factor) {
  const Expr a = argument(factor, "concentration");
  return a / column_sum(factor.variable, a);
}

const Tensor* concentration(Context& context, const Family::Member& member) {
  return context.tensor(member.variable->name + "_concentration", member.variable->axes, Role::state);
}

Expr concentration_of(const Factor& factor) { return argument(factor, "concentration"); }

Expr counts(Context& context, const Family::Member& member) {
  return element(context, concentration(context, member));
}

Expr family_mean(Context& context, const Family::Member& member) {
  const Expr a = counts(context, member);
  return a / column_sum(member.variable, a);
}

Expr mean_log(Context& context, const Family::Member& member) {
  const Expr a = counts(context, member);
  return digamma(a) - digamma(column_sum(member.variable, a));
}

Expr mean_xlogx(Context& context, const Family::Member& member) {
  const Expr a = counts(context, member), sum = column_sum(member.variable, a);
  return a / sum * (digamma(a + Number(1)) - digamma(sum + Number(1)));
}

// The functions of one element that have an expectation, each with the name of what stands for it until all
// products are known to be of one element and constants.
struct Statistic {
  const char* name;
  Function function;
  Expr (*expectation)(Context&, const Family::Member&);
};
constexpr Statistic kStatistics[] = {{"log", Function::log_probability, mean_log},
                                     {"xlogx", Function::xlogx, mean_xlogx}};

const Tensor* stand_in(Context& context, const char* statistic, const Tensor* table) {
  return context.tensor(fmt::format("{}[{}]", statistic, table->name), table->axes, Role::temporary);
}

Expr expectation(Expr e, const Family::Member& member, std::vector<Assumption>& ledger) {
  Context& context = *e->context;
  const Tensor* table = member.variable;
  const auto is_element = [&](Expr n) { return n->op == Op::Access && n->tensor == table; };
  Expr out = transform(e, [&](Expr n) {
    for (const Statistic& s : kStatistics) {
      if (n->op == Op::Map && n->function == s.function && is_element(n->args[0]))
        return make_access(context, stand_in(context, s.name, table), n->args[0]->subscripts);
    }
    return n;
  });
  std::vector<std::pair<const Tensor*, Expr>> means{{table, family_mean(context, member)}};
  for (const Statistic& s : kStatistics)
    means.emplace_back(stand_in(context, s.name, table), s.expectation(context, member));
  // Elements of a column depend on each other, so products of two are refused, whatever the columns.
  const auto along = [&](int level) {
    std::vector<calculus::Tangent> tangents;
    for (const auto& [tensor, value] : means) {
      std::vector<Expr> at;
      for (const Index& i : canonical_indices(tensor))
        at.push_back(make_delta(context, Subscript(i), Subscript(Index{i.axis, i.level + level})));
      tangents.push_back({tensor, make_product(context, at)});
    }
    return tangents;
  };
  constexpr int kFirst = 7000, kSecond = 8000;  // levels of indices nobody else uses
  const Expr slope = calculus::directional_derivative(out, along(kFirst));
  if (!calculus::directional_derivative(slope, along(kSecond))->is_constant(0)) {
    throw ModelError(fmt::format(
        "there is no rule for an expectation under dirichlet({0}) of an expression in which '{0}' enters "
        "other than as ln {0}, {0} ln {0} or {0} at one outcome: read it at outcomes that are latent "
        "under categorical or given, not at beliefs that exact(...) integrates out",
        table->name));
  }
  if (!(out == e)) {
    note(ledger, {"expected log", table->name,
                  "E[ln p] = psi(a) - psi(a_0) under the counts a of q, without the floor of ln p"});
  }
  note(ledger, {"mean field", table->name, "tables and variables are independent under q"});
  return transform(out, [&](Expr n) {
    for (const auto& [tensor, value] : means) {
      if (n->op != Op::Access || n->tensor != tensor) continue;
      Substitution at;
      const auto own = canonical_indices(tensor);
      for (std::size_t p = 0; p < own.size(); ++p) at.emplace_back(own[p], n->subscripts[p]);
      return substitute(value, at);
    }
    return n;
  });
}

Expr negative_entropy(Context& context, const Family::Member& member, std::vector<Assumption>&) {
  return -minus_log(member.variable, counts(context, member), mean_log(context, member));
}

}  // namespace

Index distribution_index(const Tensor* table) {
  const std::vector<Index> own = canonical_indices(table);
  const auto at = std::find_if(own.begin(), own.end(), [](const Index& i) { return !i.axis->plate; });
  if (at == own.end())
    throw ModelError(fmt::format(
        "'{}' is a table of probabilities but has no axis over which they sum to one", table->name));
  return *at;
}

DensityRow dirichlet_row() { return {"dirichlet", {"concentration"}, negative_log, mean}; }

FamilyRow dirichlet_family() {
  FamilyRow row{"dirichlet", expectation, negative_entropy};
  row.mean = family_mean;
  row.parameters = concentration;
  row.parameters_of = concentration_of;
  return row;
}

}  // namespace freefall::elaborate

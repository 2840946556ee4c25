#include "codegen/elaborate/categorical.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/calculus/derivative.hpp"
#include "codegen/elaborate/outcomes.hpp"

namespace freefall::elaborate {
namespace {

using namespace ir;

NegativeLogDensity negative_log(Context& context, const Factor& factor) {
  const Expr table = argument(factor, "probability");
  NegativeLogDensity out;
  if (!table->args.empty()) out.named.push_back({"probability_of_" + factor.variable->name, table, {}});
  out.value =
      make_contract(indicator_indices(factor.variable), Number(-1) * indicator(context, factor.variable) *
                                                            make_map(Function::log_probability, {table}));
  return out;
}

Expr mean(const Factor& factor) { return argument(factor, "probability"); }

// Elements of an indicator depend on each other, so an expectation needs an expression affine in all
// together.
bool is_affine(Expr e, const Tensor* variable) {
  constexpr int kFirst = 7000, kSecond = 8000;  // levels of indices nobody else uses
  Context& context = *e->context;
  const auto towards = [&](int level) {
    std::vector<Expr> at;
    for (const Index& i : canonical_indices(variable))
      at.push_back(make_delta(context, Subscript(i), Subscript(Index{i.axis, i.level + level})));
    return calculus::Tangent{variable, make_product(context, at)};
  };
  const Expr slope = calculus::directional_derivative(e, {towards(kFirst)});
  return calculus::directional_derivative(slope, {towards(kSecond)})->is_constant(0);
}

// Every factor is asked for its expectation; what that assumes is said once.
void record(std::vector<Assumption>& ledger, const Assumption& assumption) {
  const bool known = std::any_of(ledger.begin(), ledger.end(), [&](const Assumption& a) {
    return a.name == assumption.name && a.place == assumption.place;
  });
  if (!known) ledger.push_back(assumption);
}

Expr expectation(Expr e, const Family::Member& member, std::vector<Assumption>& ledger) {
  const std::string& name = member.variable->name;
  if (!is_affine(e, member.variable)) {
    throw ModelError(fmt::format(
        "there is no rule for an expectation under {0}({1}) of an expression that is not affine in "
        "'{1}': let '{1}' enter as the outcome at which a table is read",
        member.density, name));
  }
  record(ledger, {"mean field", name,
                  "variables are independent under q; an expected log is the log table contracted with the "
                  "probabilities of each parent"});
  return e;
}

Expr exact_expectation(Expr e, const Family::Member& member, std::vector<Assumption>& ledger) {
  const Expr out = expectation(e, member, ledger);
  record(ledger, {"exact", member.variable->name,
                  "its given parents are beliefs and are integrated out: the log of the expectation"});
  return out;
}

Expr negative_entropy_each(Context& context, const Family::Member& member) {
  return make_map(Function::xlogx, {element(context, member.variable)});
}

// sum over x of q(x) f(x) for the variables x that the table of a conditional reads, at values of their own.
struct Opened {
  std::vector<std::pair<const Tensor*, Index>> values;
  std::vector<Index> bound;
  Expr weight;
};
Opened open_parents(const Family::Member& member) {
  constexpr int kValue = 6500;  // levels of indices nobody else uses
  Context& context = *member.table->context;
  Opened out;
  std::vector<Expr> beliefs;
  for (const Tensor* t : tensors_of(member.table)) {
    if (!t->one_of) continue;
    const Index own = outcome_index(t), value{own.axis, kValue + static_cast<int>(out.values.size())};
    out.values.emplace_back(t, value);
    out.bound.push_back(value);
    beliefs.push_back(substitute(element(context, t), {{own, Subscript(value)}}));
  }
  out.weight = make_product(context, beliefs);
  return out;
}

bool reads(Expr e, const Tensor* tensor) {
  const auto all = tensors_of(e);
  return std::find(all.begin(), all.end(), tensor) != all.end();
}

// The expectation of what reads one copy of the variable, that at these indices of plates.
Expr conditional_expectation_at(Expr e, const Family::Member& member, const std::vector<Index>& copy) {
  Opened parents = open_parents(member);
  const Index own = outcome_index(member.variable), value{own.axis, 6400};
  Substitution to_copy;
  for (const Index& plate : copy) to_copy.emplace_back(Index{plate.axis, 0}, plate);
  const Expr weight = substitute(parents.weight, to_copy);
  to_copy.emplace_back(own, value);
  const Expr chance = substitute(member.table, to_copy);
  parents.values.emplace_back(member.variable, value);
  parents.bound.push_back(value);
  return make_contract(parents.bound, weight * at_values(chance * e, parents.values, copy));
}

// Copies are independent, and an energy is a sum over them: the expectation of each term is that of its copy.
Expr conditional_expectation_of_sum(Expr e, const Family::Member& member, const std::vector<Index>& plates) {
  if (!reads(e, member.variable)) return e;
  if (plates.empty()) return conditional_expectation_at(e, member, {});
  if (e->op == Op::Sum) {
    std::vector<Expr> terms;
    for (const Expr arg : e->args) terms.push_back(conditional_expectation_of_sum(arg, member, plates));
    return make_sum(*e->context, terms, e->weights, e->value);
  }
  if (e->op == Op::Contract) {
    constexpr int kSummed = 6600;  // levels of indices nobody else uses
    Substitution open;
    std::vector<Index> opened, copy;
    for (const Index& b : e->bound) {
      opened.push_back({b.axis, kSummed + static_cast<int>(opened.size())});
      open.emplace_back(b, opened.back());
    }
    const Expr body = substitute(e->args[0], open);
    const auto nodes = topological({body});
    const auto is_own = [&](Expr n) { return n->op == Op::Access && n->tensor == member.variable; };
    const Expr read = *std::find_if(nodes.begin(), nodes.end(), is_own);
    for (const Index& plate : plates) {
      for (std::size_t p = 0; p < read->subscripts.size(); ++p) {
        const bool summed = std::any_of(opened.begin(), opened.end(),
                                        [&](const Index& i) { return read->subscripts[p] == Subscript(i); });
        if (read->tensor->axes[p] == plate.axis && summed) copy.push_back(read->subscripts[p].plain());
      }
    }
    const bool one_copy =
        copy.size() == plates.size() &&
        std::all_of(nodes.begin(), nodes.end(), [&](Expr n) { return !is_own(n) || is_read_at(n, copy); });
    if (one_copy) return make_contract(opened, conditional_expectation_at(body, member, copy));
  }
  throw ModelError(
      fmt::format("there is no rule for an expectation under conditional({0}) of an expression that reads "
                  "several copies of "
                  "'{0}' together: let each copy along '{1}' read its own '{0}'",
                  member.variable->name, plates[0].axis->name));
}

Expr conditional_expectation(Expr e, const Family::Member& member, std::vector<Assumption>& ledger) {
  if (!reads(e, member.variable)) return e;
  note(ledger, {"conditional", member.variable->name, "q of it is the given table, read at other variables"});
  std::vector<Index> plates;
  for (const Index& i : canonical_indices(member.variable)) {
    if (i.axis->plate) plates.push_back(i);
  }
  return conditional_expectation_of_sum(e, member, plates);
}

Expr conditional_negative_entropy(Context&, const Family::Member& member, std::vector<Assumption>&) {
  Opened parents = open_parents(member);
  parents.bound.push_back(outcome_index(member.variable));
  for (const Index& i : canonical_indices(member.variable)) {
    if (i.axis->plate) parents.bound.push_back(i);
  }
  return make_contract(parents.bound,
                       parents.weight * make_map(Function::xlogx, {at_values(member.table, parents.values)}));
}

}  // namespace

DensityRow categorical_row() {
  return {"categorical", {"probability"}, negative_log, mean, nullptr, nullptr, true};
}

FamilyRow categorical_family() {
  FamilyRow row{"categorical", expectation, nullptr};
  row.negative_entropy_each = negative_entropy_each;
  row.over_outcomes = true;
  return row;
}

FamilyRow exact_family() {
  FamilyRow row = categorical_family();
  row.name = "exact";
  row.expectation = exact_expectation;
  row.integrates_parents = true;
  return row;
}

FamilyRow conditional_family() {
  FamilyRow row{"conditional", conditional_expectation, conditional_negative_entropy};
  row.over_outcomes = true;
  return row;
}

}  // namespace freefall::elaborate

#include "codegen/elaborate/elaborate.hpp"

#include <algorithm>

#include "codegen/calculus/hessian.hpp"

namespace freefall::elaborate {
namespace {

using namespace ir;

bool is_latent(const Family& family, const Tensor* variable) {
  return std::any_of(family.members.begin(), family.members.end(),
                     [&](const auto& m) { return m.variable == variable; });
}

// The mean, to first order in every latent variable about the mean of that variable.
void linearise(Factor& factor, const Family& family, std::vector<Assumption>& ledger) {
  for (const auto& member : family.members) {
    if (member.variable == factor.variable) continue;
    factor.arguments[0].second = calculus::linearise(factor.arguments[0].second, member.variable);
  }
  note(ledger, {"linearised", factor.variable->name,
                "the " + factor.arguments[0].first +
                    " is linearised about the means of the latent variables; "
                    "its own curvature does not enter second derivatives"});
}

Functional elaborate_free_energy(const Program& program, const ir::Functional& declared, Elaboration& into) {
  Context& context = *program.context;
  const Model& model = program.models[declared.model];
  const Family& family = program.families[declared.family];
  Functional out;
  out.symbol = declared.symbol;
  std::vector<Expr> given, latent;
  for (const Factor& declared_factor : model.factors) {
    context.origin = declared_factor.origin;
    Factor factor = declared_factor;
    for (const Tensor* parent : declared_factor.marginalised)
      factor = find_density(factor.density)->marginal(context, factor, parent, into.ledger);
    if (factor.linearised) linearise(factor, family, into.ledger);
    if (calculus::has_held(factor.arguments[0].second) && !factor.linearised) {
      note(into.ledger,
           {"local linearity", factor.variable->name,
            "higher orders of motion go through the slope at order 0, which is a constant of the "
            "rules; products of derivatives are left out"});
    }
    NegativeLogDensity term = find_density(factor.density)->negative_log(context, factor);
    for (const auto& member : family.members) {
      term.value = find_family(member.density)->expectation(term.value, member, into.ledger);
    }
    into.names.insert(into.names.end(), term.named.begin(), term.named.end());
    out.terms.emplace_back("F_" + factor.variable->name, term.value);
    (is_latent(family, factor.variable) ? latent : given).push_back(term.value);
  }
  for (const auto& member : family.members) {
    context.origin = member.origin;
    if (const Expr e = find_family(member.density)->negative_entropy(context, member, into.ledger))
      latent.push_back(e);
  }
  context.origin = declared.origin;
  out.inaccuracy = make_sum(context, given);
  out.complexity = make_sum(context, latent);
  out.value = out.inaccuracy + out.complexity;
  context.origin = {};
  return out;
}

}  // namespace

Elaboration elaborate(const Program& program) {
  check_program(program);
  Elaboration out;
  for (const auto& functional : program.functionals)
    out.functionals.push_back(elaborate_free_energy(program, functional, out));
  return out;
}

Expr resolve(const Elaboration& elaboration, Expr e) {
  std::vector<std::pair<Expr, Expr>> table;
  for (const Functional& f : elaboration.functionals)
    table.emplace_back(element(*e->context, f.symbol), f.value);
  return replace(e, table);
}

}  // namespace freefall::elaborate

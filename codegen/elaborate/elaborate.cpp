#include "codegen/elaborate/elaborate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "codegen/calculus/hessian.hpp"
#include "codegen/elaborate/future.hpp"
#include "codegen/elaborate/outcomes.hpp"

namespace freefall::elaborate {
namespace {

using namespace ir;

bool is_latent(const Family& family, const Tensor* variable) {
  return std::any_of(family.members.begin(), family.members.end(),
                     [&](const auto& m) { return m.variable == variable; });
}

// Outcomes are what is latent, and what is given; but given parents of a variable whose family integrates
// them are beliefs.
Expr logs_at_outcomes(Expr e, const Family& family, const Factor& factor) {
  bool integrates = false;
  for (const auto& m : family.members)
    integrates = integrates || (m.variable == factor.variable && find_family(m.density)->integrates_parents);
  return at_outcomes(e, Function::log_probability,
                     [&](const Tensor* t) { return !integrates || is_latent(family, t); });
}

// The first expression of a name keeps it; another gets a number.
void add_names(Elaboration& into, const std::vector<NamedPart>& parts) {
  for (NamedPart part : parts) {
    const std::string base = part.name;
    bool known = false;
    for (int n = 2;; ++n) {
      const auto same = std::find_if(into.names.begin(), into.names.end(),
                                     [&](const NamedPart& p) { return p.name == part.name; });
      if (same == into.names.end()) break;
      known = known || same->expression == part.expression;
      part.name = fmt::format("{}_{}", base, n);
    }
    if (!known) into.names.push_back(std::move(part));
  }
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
  std::vector<Expr> given, latent, entropies;
  std::vector<std::pair<int, std::string>> energy;
  for (const Factor& declared_factor : model.factors) {
    context.origin = declared_factor.origin;
    Factor factor = declared_factor;
    for (const Tensor* parent : declared_factor.marginalised)
      factor = at_place(factor.origin, [&] {
        return find_density(factor.density)->marginal(context, factor, parent, into.ledger);
      });
    if (factor.linearised) linearise(factor, family, into.ledger);
    if (calculus::has_held(factor.arguments[0].second) && !factor.linearised) {
      note(into.ledger,
           {"local linearity", factor.variable->name,
            "higher orders of motion go through the slope at order 0, which is a constant of the "
            "rules; products of derivatives are left out"});
    }
    const DensityRow& density = *find_density(factor.density);
    if (density.unnormalised) {
      note(into.ledger, {"normaliser left out", factor.variable->name,
                         "its density is exp(-energy) up to a factor that may depend on what else the energy "
                         "reads; the log of that factor is not in F"});
    }
    NegativeLogDensity term = density.negative_log(context, factor);
    term.value = logs_at_outcomes(term.value, family, factor);
    // What depends on other variables goes first.
    for (const bool conditional : {true, false}) {
      for (const auto& member : family.members) {
        if (static_cast<bool>(member.table) == conditional)
          term.value = at_place(factor.origin, [&] {
            return find_family(member.density)->expectation(term.value, member, into.ledger);
          });
      }
    }
    add_names(into, term.named);
    out.terms.emplace_back("F_" + factor.variable->name, term.value);
    energy.emplace_back(1, out.terms.back().first);
    (is_latent(family, factor.variable) ? latent : given).push_back(term.value);
  }
  for (const auto& member : family.members) {
    context.origin = member.origin;
    const FamilyRow& row = *find_family(member.density);
    if (row.negative_entropy_each != nullptr) {
      entropies.push_back(
          make_contract(canonical_indices(member.variable), row.negative_entropy_each(context, member)));
    } else if (const Expr e = row.negative_entropy(context, member, into.ledger)) {
      entropies.push_back(e);
    }
  }
  latent.insert(latent.end(), entropies.begin(), entropies.end());
  context.origin = declared.origin;
  out.inaccuracy = make_sum(context, given);
  out.complexity = make_sum(context, latent);
  out.value = out.inaccuracy + out.complexity;
  if (!entropies.empty()) {
    out.terms.emplace_back("entropy", -make_sum(context, entropies));
    energy.emplace_back(-1, "entropy");
  }
  out.decompositions = {energy};
  if (!given.empty()) {
    out.terms.emplace_back("inaccuracy", out.inaccuracy);
    out.terms.emplace_back("complexity", out.complexity);
    out.decompositions.push_back({{1, "inaccuracy"}, {1, "complexity"}});
  }
  context.origin = {};
  return out;
}

// F[i] = E_q(x_i)[ln q(x_i) - ln p(x_i | everything else)]: only the element i is under q.
Functional elaborate_local(const Program& program, const ir::Functional& declared, Elaboration& into) {
  Context& context = *program.context;
  const Family::Member& member = program.families[declared.family].members[0];
  const Factor& factor = declared.factor;
  const std::string& name = factor.variable->name;
  const DensityRow& density = *find_density(factor.density);
  const FamilyRow& family = *find_family(member.density);
  if (density.negative_log_each == nullptr || family.natural == nullptr) {
    throw ModelError(
        fmt::format("the local free energy of '{}' needs a density and a family whose elements are "
                    "independent; found the density "
                    "{} and the family {}",
                    name, factor.density, member.density),
        factor.origin);
  }
  for (const auto& [argument_name, value] : factor.arguments) {
    if (is_free_of_own_element(value, factor.variable)) continue;
    throw ModelError(
        fmt::format(
            "the {} parameter of '{}' depends on the very element it is for; a full conditional reads "
            "the other elements only: declare the coupling with no_diagonal",
            argument_name, name),
        factor.origin);
  }
  context.origin = factor.origin;
  const NegativeLogDensity each = density.negative_log_each(context, factor);
  const Expr own = element(context, factor.variable), mean = family.mean(context, member);
  if (!is_affine_in_own_element(each.value, factor.variable)) {
    throw ModelError(
        fmt::format(
            "there is no rule for the expectation of the {} density of '{}' under the family {}: "
            "its argument must be affine in each element of '{}'; give it the family delta, or another "
            "density",
            factor.density, name, member.density, name),
        factor.origin);
  }
  const Expr expected = transform(each.value, [&](Expr n) { return n == own ? mean : n; });
  context.origin = member.origin;
  const Expr negative_entropy = family.negative_entropy_each(context, member);
  context.origin = {};
  add_names(into, each.named);
  into.ledger.push_back(
      {"full conditionals", name, "no joint density is claimed; each element descends its own functional"});
  into.ledger.push_back(
      {"others given", name,
       "in the functional of one element all other elements stand at their present values"});
  Functional out;
  out.symbol = declared.symbol;
  out.value = expected + negative_entropy;
  out.terms = {{"F_" + name, expected}, {"entropy", -negative_entropy}};
  out.decompositions = {{{1, "F_" + name}, {-1, "entropy"}}};
  return out;
}

Functional elaborate_surprise(const Program& program, const ir::Functional& declared, Elaboration& into) {
  program.context->origin = declared.origin;
  const NegativeLogDensity term =
      find_density(declared.factor.density)->negative_log(*program.context, declared.factor);
  program.context->origin = {};
  add_names(into, term.named);
  Functional out;
  out.symbol = declared.symbol;
  out.value = term.value;
  out.terms = {{"S_" + declared.factor.variable->name, term.value}};
  out.decompositions = {{{1, out.terms[0].first}}};
  return out;
}

// Minus a functional, to be maximised.
Functional minus(Functional f) {
  f.value = -f.value;
  f.maximised = true;
  for (auto& sum : f.decompositions) {
    for (auto& [sign, name] : sum) sign = -sign;
  }
  return f;
}

Functional elaborate_functional(const Program& program, const ir::Functional& declared, Elaboration& into) {
  switch (declared.kind) {
    case ir::Functional::Kind::free_energy: return elaborate_free_energy(program, declared, into);
    case ir::Functional::Kind::local_free_energy: return elaborate_local(program, declared, into);
    case ir::Functional::Kind::evidence_lower_bound:
      return minus(elaborate_free_energy(program, declared, into));
    case ir::Functional::Kind::future: return elaborate_future(program, declared, into);
    case ir::Functional::Kind::surprise: return elaborate_surprise(program, declared, into);
  }
  throw std::logic_error("elaborate: unknown functional");
}

}  // namespace

std::vector<NamedExpr> summands(const Functional& functional) {
  if (functional.decompositions.empty()) return functional.terms;
  std::vector<NamedExpr> out;
  for (const auto& [sign, wanted] : functional.decompositions[0]) {
    const auto named = [&, &name = wanted](const NamedExpr& t) { return t.first == name; };
    const auto at = std::find_if(functional.terms.begin(), functional.terms.end(), named);
    if (at != functional.terms.end()) out.emplace_back(wanted, Number(sign) * at->second);
  }
  return out;
}

Elaboration elaborate(const Program& program) {
  check_program(program);
  Elaboration out;
  for (const auto& functional : program.functionals)
    out.functionals.push_back(at_place(place_of(program, functional),
                                       [&] { return elaborate_functional(program, functional, out); }));
  return out;
}

Expr resolve(const Elaboration& elaboration, Expr e) {
  return transform(e, [&](Expr n) {
    for (const Functional& f : elaboration.functionals) {
      if (n->op != Op::Access || n->tensor != f.symbol) continue;
      Substitution at;
      const auto own = canonical_indices(f.symbol);
      for (std::size_t p = 0; p < own.size(); ++p) at.emplace_back(own[p], n->subscripts[p]);
      return substitute(f.value, at);
    }
    return n;
  });
}

}  // namespace freefall::elaborate

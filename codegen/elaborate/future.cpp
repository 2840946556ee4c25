#include "codegen/elaborate/future.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/elaborate/outcomes.hpp"

namespace freefall::elaborate {
namespace {

using namespace ir;

Expr log_p(Expr e) { return make_map(Function::log_probability, {e}); }
Expr xlogx(Expr e) { return make_map(Function::xlogx, {e}); }

constexpr int kState = 6000;  // levels of indices nobody else uses: the value of each state

// One modality: the outcome and its table, read at beliefs and at values of the states.
struct Outlook {
  Index outcome;              ///< index o
  std::vector<Index> states;  ///< the values x of the variables the table reads
  Expr belief;                ///< q(x)
  Expr predicted;             ///< q(o) = sum_x q(x) p(o|x)
  Expr likelihood;            ///< p(o|x)
  Expr desired;               ///< p~(o), or p~(o|x)
  Expr posterior;             ///< p(x|o) in use, or null where it is that of Bayes' rule
  Expr learned;               ///< E_q(A)[xlogx(p(o|x))], or null where no table is learned
  bool conditional = false;   ///< what is desired depends on x

  Expr over_outcomes(Expr e) const { return make_contract({outcome}, e); }
  Expr over_all(Expr e) const {
    std::vector<Index> all = states;
    all.push_back(outcome);
    return make_contract(all, belief * e);
  }
};

// ---- the terms of one modality; null where a term is zero

Expr extrinsic(const Outlook& m) {  // -E ln p~(o)
  return m.conditional ? -m.over_all(m.likelihood * log_p(m.desired))
                       : -m.over_outcomes(m.predicted * log_p(m.desired));
}
Expr information_gain(const Outlook& m) {  // E_q(o) KL[q(x|o) || q(x)], q(x|o) = q(x) p(o|x) / q(o)
  return m.over_all(xlogx(m.likelihood) - m.likelihood * log_p(m.predicted));
}
Expr posterior_divergence(const Outlook& m) {  // E_q(o) KL[q(x|o) || p(x|o)]
  if (!m.posterior) return {};
  return m.over_all(xlogx(m.likelihood) +
                    m.likelihood * (log_p(m.belief) - log_p(m.predicted) - log_p(m.posterior)));
}
Expr ambiguity(const Outlook& m) {  // E_q(x) H[p(o|x)]
  return -m.over_all(xlogx(m.likelihood));
}
Expr predicted_entropy(const Outlook& m) {  // H[q(o)]
  return -m.over_outcomes(xlogx(m.predicted));
}
Expr divergence(const Outlook& m) {  // KL[q(o) || p~(o)]
  return m.over_outcomes(xlogx(m.predicted) - m.predicted * log_p(m.desired));
}
Expr likelihood_divergence(const Outlook& m) {  // E_q(x) KL[p(o|x) || p~(o)]
  return m.over_all(xlogx(m.likelihood) - m.likelihood * log_p(m.desired));
}
// I(o; A | x) = E_q(x) (H[E p(o|x)] - E H[p(o|x)]) over a learned table A: what an outcome teaches about it.
// Equal to the expected divergence of its counts after one more from those before.
Expr parameter_information_gain(const Outlook& m) {
  if (!m.learned) return {};
  return m.over_all(m.learned - xlogx(m.likelihood));
}
// E_q(o) E_p(x|o)[ln p(x|o) - ln p(o, x)], the free energy after an outcome.
Expr expected_free_energy_after(const Outlook& m) {
  std::vector<Index> all = m.states;
  all.push_back(m.outcome);
  return make_contract(
      all, m.predicted * (xlogx(m.posterior) - m.posterior * (log_p(m.belief) + log_p(m.likelihood))));
}

struct Term {
  std::string_view name;
  Expr (*of)(const Outlook&);
};
constexpr Term kTerms[] = {{"extrinsic value", extrinsic},
                           {"information gain", information_gain},
                           {"posterior divergence", posterior_divergence},
                           {"ambiguity", ambiguity},
                           {"entropy of outcomes", predicted_entropy},
                           {"risk", divergence},
                           {"likelihood divergence", likelihood_divergence},
                           {"parameter information gain", parameter_information_gain},
                           {"expected free energy after", expected_free_energy_after}};
constexpr std::string_view kStateRisk = "state risk";  // sum over states of KL[q(x) || p~(x)]

bool is_belief(const Tensor* t) { return t->one_of; }

const Expr* find(const std::vector<std::pair<const Tensor*, Expr>>& of, const Tensor* variable) {
  const auto at = std::find_if(of.begin(), of.end(), [&](const auto& p) { return p.first == variable; });
  return at == of.end() ? nullptr : &at->second;
}

[[noreturn]] void fail(const ir::Functional& declared, const FutureRow& row, const std::string& model,
                       const std::string& text) {
  throw ModelError(fmt::format("the {} of '{}' {}", row.title, model, text), declared.origin);
}

class Future {
 public:
  Future(const Program& program, const ir::Functional& declared, Elaboration& into)
      : context_(*program.context),
        model_(program.models[declared.model]),
        family_(program.families[declared.family]),
        declared_(declared),
        row_(*find_future_functional(declared.word)),
        into_(into) {}

  Functional run() {
    check();
    std::vector<Outlook> modalities;
    for (const Factor& f : model_.factors) {
      if (is_outcome(f.variable) && !is_latent(f.variable)) modalities.push_back(outlook(f));
    }
    Functional out;
    out.symbol = declared_.symbol;
    out.maximised = row_.maximised;
    for (const auto& sum : row_.decompositions) add(out, modalities, sum);
    std::vector<Expr> parts;
    std::vector<Number> signs;
    for (const auto& [sign, name] : out.decompositions.front()) {
      parts.push_back(find_term(out, name));
      signs.emplace_back(sign);
    }
    out.value = make_sum(context_, parts, signs);
    context_.origin = {};
    if (declared_.posteriors.empty() && !row_.over_states)
      note(into_.ledger, {"exact posterior", declared_.symbol->name,
                          "the posterior after an expected outcome is that of Bayes' rule"});
    if (modalities.size() > 1)
      note(into_.ledger, {"independent outcomes", declared_.symbol->name,
                          "outcomes are predicted one by one: what they share counts for each"});
    note(into_.ledger, {"mean field", declared_.symbol->name, "beliefs are independent of each other"});
    return out;
  }

 private:
  bool is_latent(const Tensor* t) const {
    return std::any_of(family_.members.begin(), family_.members.end(),
                       [&](const auto& m) { return m.variable == t; });
  }

  void check() const {
    std::size_t found = 0;
    for (const Factor& f : model_.factors) {
      const std::string& name = f.variable->name;
      const bool state = is_latent(f.variable), wanted = find(declared_.preferences, f.variable) != nullptr;
      found += wanted;
      if (!is_outcome(f.variable)) {
        if (wanted)
          fail(declared_, row_, model_.name,
               fmt::format("is given a preference for '{}', which is not one of the indices of an axis",
                           name));
        continue;
      }
      if (row_.over_states ? wanted == state : wanted != state) continue;
      fail(
          declared_, row_, model_.name,
          row_.over_states
              ? fmt::format(
                    "{} '{}'; give preference(x, probabilities) to each drawn variable that has a member in "
                    "the family, and to no other",
                    state ? "has no preference for the latent" : "is given a preference for the outcome",
                    name)
              : fmt::format(
                    "{} '{}'; give preference(x, probabilities) to each drawn variable that has no member in "
                    "the family, and to no other",
                    state ? "is given a preference for the latent" : "has no preference for", name));
    }
    if (found != declared_.preferences.size())
      fail(declared_, row_, model_.name,
           fmt::format("is given {} preferences for the {} variables it draws that take one",
                       declared_.preferences.size(), found));
    if (row_.posterior && declared_.posteriors.empty())
      fail(declared_, row_, model_.name,
           "compares with the posterior in use after an outcome; give posterior(x, probabilities)");
  }

  Outlook outlook(const Factor& factor) {
    context_.origin = factor.origin;
    Outlook out;
    out.outcome = outcome_index(factor.variable);
    out.predicted = argument(factor, "probability");
    if (const Expr* wanted = find(declared_.preferences, factor.variable)) out.desired = *wanted;
    std::vector<std::pair<const Tensor*, Index>> values;
    std::vector<Expr> beliefs;
    const auto collect = [&](Expr e) {
      for (const Expr n : topological({e})) {
        if (n->op != Op::Access || !is_belief(n->tensor)) continue;
        const bool known =
            std::any_of(values.begin(), values.end(), [&](const auto& v) { return v.first == n->tensor; });
        if (known) continue;
        const Index own = outcome_index(n->tensor);
        const Index value{own.axis, kState + static_cast<int>(values.size())};
        std::vector<Subscript> at = n->subscripts;
        for (std::size_t p = 0; p < at.size(); ++p) {
          if (n->tensor->axes[p] == own.axis) at[p] = Subscript(value);
        }
        values.emplace_back(n->tensor, value);
        beliefs.push_back(make_access(context_, n->tensor, at));
      }
    };
    collect(out.predicted);
    if (out.desired) {
      const std::size_t before = values.size();
      std::vector<const Tensor*> reads = tensors_of(out.desired);
      out.conditional = std::any_of(reads.begin(), reads.end(), is_belief);
      collect(out.desired);
      if (values.size() != before)
        fail(declared_, row_, model_.name,
             fmt::format("is given a preference for '{0}' that depends on a variable on which the density of "
                         "'{0}' does "
                         "not; let it depend on what the table of '{0}' reads",
                         factor.variable->name));
    }
    for (const auto& [tensor, value] : values) out.states.push_back(value);
    out.belief = make_product(context_, beliefs);
    out.likelihood = at_values(out.predicted, values);
    if (out.conditional) out.desired = at_values(out.desired, values);
    for (const Family::Member& m : family_.members) {
      const std::vector<const Tensor*> reads = tensors_of(out.likelihood);
      if (m.variable->one_of || std::find(reads.begin(), reads.end(), m.variable) == reads.end()) continue;
      out.learned = find_family(m.density)->expectation(xlogx(out.likelihood), m, into_.ledger);
    }
    if (!declared_.posteriors.empty()) {
      const auto& [state, table] = declared_.posteriors.front();
      if (declared_.posteriors.size() != 1 || values.size() != 1 || values[0].first != state)
        fail(declared_, row_, model_.name,
             fmt::format("is given a posterior, which is for one state and outcomes that depend on it alone; "
                         "the table "
                         "of '{}' reads {} variables",
                         factor.variable->name, values.size()));
      out.posterior = substitute(table, {{outcome_index(state), Subscript(values[0].second)}});
    }
    return out;
  }

  // A term over all modalities, once, or a null expression where it is zero.
  Expr term(const std::vector<Outlook>& modalities, std::string_view name) const {
    std::vector<Expr> parts;
    if (name == kStateRisk) {
      for (const auto& [state, wanted] : declared_.preferences) {
        const Expr q = element(context_, state);
        parts.push_back(make_contract({outcome_index(state)}, xlogx(q) - q * log_p(wanted)));
      }
      return make_sum(context_, parts);
    }
    const Term& row =
        *std::find_if(std::begin(kTerms), std::end(kTerms), [&](const Term& t) { return t.name == name; });
    for (const Outlook& m : modalities) {
      if (const Expr e = row.of(m)) parts.push_back(e);
    }
    return parts.empty() ? Expr() : make_sum(context_, parts);
  }

  static Expr find_term(const Functional& f, std::string_view name) {
    const auto at =
        std::find_if(f.terms.begin(), f.terms.end(), [&](const auto& t) { return t.first == name; });
    return at == f.terms.end() ? Expr() : at->second;
  }

  // A sum is left out where it does not hold: a term on a desired distribution of outcomes alone, for
  // example, where what is desired depends on states.
  void add(Functional& out, const std::vector<Outlook>& modalities,
           const std::vector<std::pair<int, std::string_view>>& sum) const {
    const bool conditional =
        std::any_of(modalities.begin(), modalities.end(), [](const Outlook& m) { return m.conditional; });
    std::vector<std::pair<int, std::string>> terms;
    for (const auto& [sign, name] : sum) {
      if (conditional && name == "risk") return;
      Expr e = find_term(out, name);
      if (!e) {
        e = term(modalities, name);
        if (!e) continue;
        out.terms.emplace_back(name, e);
      }
      terms.emplace_back(sign, name);
    }
    out.decompositions.push_back(std::move(terms));
  }

  Context& context_;
  const Model& model_;
  const Family& family_;
  const ir::Functional& declared_;
  const FutureRow& row_;
  Elaboration& into_;
};

}  // namespace

const std::vector<FutureRow>& future_functionals() {
  constexpr std::string_view extrinsic = "extrinsic value", gain = "information gain",
                             after = "posterior divergence", ambiguity = "ambiguity",
                             entropy = "entropy of outcomes", risk = "risk",
                             likelihood = "likelihood divergence", learned = "parameter information gain";
  static const std::vector<FutureRow> rows = {
      // E_q(o,x)[ln q(x) - ln p~(o) p(x|o)]
      {"expected_free_energy",
       "expected free energy",
       false,
       false,
       false,
       {{{1, risk}, {1, ambiguity}, {1, after}, {-1, learned}},
        {{1, extrinsic}, {-1, gain}, {1, after}, {-1, learned}}}},
      // E_q(o,x)[ln q(x) - ln p(o|x) p~(x)]
      {"expected_free_energy_of_states",
       "expected free energy of states",
       false,
       true,
       false,
       {{{1, kStateRisk}, {1, ambiguity}, {-1, learned}}}},
      // E_q(o,x)[ln q(x|o) - ln p~(o) p(x|o)], or with p~(o|x) q(x)
      {"free_energy_of_the_future",
       "free energy of the future",
       false,
       false,
       false,
       {{{1, extrinsic}, {1, after}}}},
      {"biased_free_energy_of_the_future",
       "biased free energy of the future",
       false,
       false,
       false,
       {{{1, extrinsic}, {1, gain}}}},
      // KL[q(o,x) || p~(o) q(x|o)]. What is learned of tables cancels: H[q(o)] = ambiguity + I(o; x) with the
      // mean table.
      {"free_energy_of_the_expected_future",
       "free energy of the expected future",
       false,
       false,
       false,
       {{{1, likelihood}, {-1, gain}}, {{1, risk}}}},
      // KL[q(o) || p~(o)]
      {"outcome_divergence",
       "outcome divergence",
       false,
       false,
       false,
       {{{1, risk}}, {{1, extrinsic}, {-1, entropy}}, {{1, likelihood}, {-1, gain}}}},
      // E_q(o) ln p~(o)
      {"expected_evidence",
       "expected evidence",
       true,
       false,
       false,
       {{{-1, extrinsic}}, {{-1, risk}, {-1, entropy}}}},
      // KL[p(x|o) q(o) || p(o,x) p~(o)], any posterior
      {"action_perception_divergence",
       "action-perception divergence",
       false,
       false,
       true,
       {{{1, "expected free energy after"}, {1, risk}}}},
      // KL[q(o,x) || p~(o) p(x|o)], any posterior
      {"joint_divergence",
       "joint divergence",
       false,
       false,
       true,
       {{{1, risk}, {1, after}}, {{1, likelihood}, {-1, gain}, {1, after}}}},
      // KL[q(x) || p~(x)]
      {"state_divergence", "state divergence", false, true, false, {{{1, kStateRisk}}}}};
  return rows;
}

const FutureRow* find_future_functional(std::string_view word) {
  for (const FutureRow& row : future_functionals()) {
    if (row.word == word) return &row;
  }
  return nullptr;
}

Functional elaborate_future(const Program& program, const ir::Functional& declared, Elaboration& into) {
  return Future(program, declared, into).run();
}

}  // namespace freefall::elaborate

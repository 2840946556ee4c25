#include "codegen/report/evidence.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "codegen/equality/references.hpp"
#include "codegen/report/locality.hpp"

namespace freefall::report {
namespace {

std::string cited(const equality::CheckedReference& c) {
  const ir::Reference& r = *c.reference;
  const std::string place =
      r.origin.file.empty() ? "" : fmt::format(" at {}:{}", r.origin.file, r.origin.line);
  return fmt::format("the reference stated{}", place);
}

// The verdicts are declared from the strongest to the weakest.
void add_verdicts(const plan::Compilation& c, std::vector<RuleEvidence>& out) {
  const auto checked = equality::compare_references(*c.program, c.derivation);
  for (std::size_t k = 0; k < out.size(); ++k) {
    const equality::CheckedReference* weakest = nullptr;
    for (const auto& reference : checked) {
      if (!reference.reference->holds || reference.derived != c.derivation.rules[k].gradient) continue;
      if (weakest == nullptr || reference.result.verdict > weakest->result.verdict) weakest = &reference;
    }
    if (weakest == nullptr) continue;
    out[k].verdict = equality::name(weakest->result.verdict);
    out[k].evidence = fmt::format("Compared with {}.", cited(*weakest));
  }
}

// A rule that several kernels have is located once.
void add_locality(const plan::Compilation& c, std::vector<RuleEvidence>& out) {
  for (const RuleLocality& located : localities(c)) {
    const auto& rules = c.derivation.rules;
    const auto same = std::find_if(rules.begin(), rules.end(), [&](const calculus::Rule& r) {
      return r.kernel == located.kernel && r.target->name == located.target;
    });
    if (same == rules.end()) continue;
    RuleEvidence text;
    text.located = true;
    text.local = located.is_local();
    for (const LocalityTerm& t : located.terms) {
      for (const LocalityFault& f : t.faults) {
        std::string sentence = fmt::format("{}: {}", f.kind, f.text);  // of several terms, maybe
        if (std::find(text.locality.begin(), text.locality.end(), sentence) == text.locality.end())
          text.locality.push_back(std::move(sentence));
      }
    }
    for (std::size_t k = 0; k < out.size(); ++k) {
      if (out[k].located || rules[k].target != same->target || rules[k].gradient != same->gradient) continue;
      out[k].located = true;
      out[k].local = text.local;
      out[k].locality = text.locality;
    }
  }
}

}  // namespace

std::vector<RuleEvidence> rule_evidence(const plan::Compilation& c) {
  std::vector<RuleEvidence> out(c.derivation.rules.size());
  add_verdicts(c, out);
  add_locality(c, out);
  return out;
}

}  // namespace freefall::report

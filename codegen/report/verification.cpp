#include "codegen/report/verification.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "codegen/report/matrix_form.hpp"

namespace freefall::report {
namespace {

using namespace ir;
using equality::Verdict;

MatrixNames names_of(const Program& program, const calculus::Derivation& derivation) {
  MatrixNames out;
  out.parts = derivation.elaboration.names;
  const bool one = program.functionals.size() == 1;
  const auto spelled = [&](const Tensor* symbol) {
    const auto known = out.spelling.find(symbol);
    return known == out.spelling.end() ? symbol->name : known->second;
  };
  for (const Functional& f : program.functionals) out.spelling[f.symbol] = one ? "F" : f.symbol->name;
  for (const Gradient& g : program.gradients) {
    MatrixNames inner;
    inner.spelling = out.spelling;
    const std::string functional = matrix_form(g.functional, {}, inner);
    const bool plain = g.functional->op == Op::Access;
    out.spelling[g.symbol] = plain ? fmt::format("d{}/d{}", spelled(g.functional->tensor), g.variable->name)
                                   : fmt::format("d({})/d{}", functional, g.variable->name);
  }
  for (const EventPart& p : program.event_parts)
    out.spelling[p.symbol] = fmt::format("{} of {}", name(p.kind), program.events[p.events].counts->name);
  for (const RuleSymbol& r : program.rules) {
    const bool solved =
        std::any_of(derivation.rules.begin(), derivation.rules.end(), [&](const calculus::Rule& rule) {
          return rule.kernel == r.kernel && rule.target == r.variable && rule.method == "solve";
        });
    out.spelling[r.symbol] = solved ? r.variable->name : "dF/d" + r.variable->name;
  }
  return out;
}

// The indices of rows and columns: those of the variable where the quantity is a rule or a gradient.
std::vector<Index> order_of(const Program& program, Expr quantity) {
  const auto reads = tensors_of(quantity);
  for (const Tensor* t : reads) {
    for (const Gradient& g : program.gradients) {
      if (g.symbol == t && reads.size() == 1) return canonical_indices(g.variable);
    }
    for (const RuleSymbol& r : program.rules) {
      if (r.symbol == t) return canonical_indices(r.variable);
    }
  }
  return quantity->free;
}

std::string place(const Origin& origin) {
  return origin.file.empty() ? "" : fmt::format("  ({}:{})", origin.file, origin.line);
}

std::string cited(const Citation& citation) {
  if (citation.source.empty()) return "";
  if (citation.equation.empty()) return citation.source;
  const bool number = citation.equation[0] >= '0' && citation.equation[0] <= '9';
  return fmt::format("{}, {}{}", citation.source, number ? "equation " : "", citation.equation);
}

// `unit = 2, batch = 1`
std::string sizes_text(const equality::Counterexample& c) {
  std::vector<std::string> parts;
  for (const auto& [axis, extent] : c.sizes.extents) parts.push_back(fmt::format("{} = {}", axis, extent));
  return fmt::format("{}", fmt::join(parts, ", "));
}
std::string element_text(const equality::Counterexample& c, Expr derived) {
  std::vector<std::string> parts;
  for (std::size_t k = 0; k < c.element.size(); ++k)
    parts.push_back(fmt::format("{} = {}", str(derived->free[k]), c.element[k]));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string evidence(const equality::Result& r) {
  switch (r.verdict) {
    case Verdict::proven: return "the same normal form";
    case Verdict::probable:
      return fmt::format(
          "equal at {} random points of the field of 2^61 - 1 elements; a wrong rule passes with probability "
          "{:.1e} at most",
          r.points, r.error_probability);
    case Verdict::tested:
      return fmt::format("warning: not proven, equal at {} random points in extended precision", r.points);
    case Verdict::refuted: break;
  }
  return "";
}

std::size_t as_declared(const std::vector<VerificationEntry>& entries) {
  return static_cast<std::size_t>(std::count_if(entries.begin(), entries.end(), is_as_declared));
}

// Longer sub-expressions say less than the terms that hold them.
constexpr std::size_t kShort = 160;

std::string escaped(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

}  // namespace

std::vector<VerificationEntry> verification_entries(const Program& program,
                                                    const calculus::Derivation& derivation,
                                                    const std::vector<equality::CheckedReference>& checked) {
  const MatrixNames names = names_of(program, derivation);
  std::vector<VerificationEntry> out;
  for (const auto& c : checked) {
    VerificationEntry entry;
    entry.checked = &c;
    const auto order = order_of(program, c.reference->quantity);
    entry.quantity = matrix_form(c.reference->quantity, order, names);
    for (const RuleSymbol& r : program.rules) {
      if (c.reference->quantity == element(*program.context, r.symbol))
        entry.quantity = names.spelling.at(r.symbol) + " in kernel " + r.kernel;
    }
    MatrixNames written = names;
    written.name_root = false;
    entry.derived = matrix_form(c.derived, order, written);
    entry.stated = matrix_form(c.stated, order, written);
    if (c.result.verdict == Verdict::refuted) {
      const auto form = [&](Expr term) -> std::string {
        if (!term) return "nothing";
        const bool inside = std::any_of(term->free.begin(), term->free.end(), [&](const Index& i) {
          return std::find(order.begin(), order.end(), i) == order.end();
        });
        return matrix_form(term, inside ? term->free : order, names);
      };
      entry.differs = form(c.difference.derived_term);
      entry.in_place = form(c.difference.reference_term);
      const auto& d = c.difference;
      if (d.derived && d.reference && !(d.derived == d.derived_term)) {
        PrintOptions options;
        options.names = names.parts;
        entry.element = print(d.derived, options);
        entry.element_in_place = print(d.reference, options);
      }
    } else if (c.reference->holds) {
      entry.mistakes_passed = equality::mistakes_passed(c);
    }
    out.push_back(std::move(entry));
  }
  return out;
}

bool is_as_declared(const VerificationEntry& entry) {
  return entry.checked->as_declared() && entry.mistakes_passed.empty();
}

bool all_as_declared(const std::vector<VerificationEntry>& entries) {
  return as_declared(entries) == entries.size();
}

std::string verification_text(const Program& program, const std::vector<VerificationEntry>& entries) {
  std::string out = fmt::format("{}: {} of {} references as declared\n", program.name(), as_declared(entries),
                                entries.size());
  for (const VerificationEntry& e : entries) {
    const auto& c = *e.checked;
    const std::string cite = cited(c.reference->citation);
    out += fmt::format(
        "  {:<8} {}{}{}{}\n", name(c.result.verdict), e.quantity, cite.empty() ? "" : ", " + cite,
        c.as_declared() ? (c.reference->holds ? "" : ", as declared")
                        : (c.reference->holds ? ", but declared to hold" : ", but declared refuted"),
        place(c.reference->origin));
    if (c.result.verdict != Verdict::refuted) {
      out += "           " + evidence(c.result) + "\n";
      for (const std::string& mistake : e.mistakes_passed)
        out += "           a wrong reference would pass: " + mistake + "\n";
      continue;
    }
    const auto& x = *c.result.counterexample;
    const std::string at = element_text(x, c.derived);
    out += fmt::format("           derived    {}\n           reference  {}\n", e.derived, e.stated);
    out += fmt::format("           with {}{}{}: derived {:.6g}, reference {:.6g}\n", sizes_text(x),
                       at.empty() ? "" : " at ", at, static_cast<double>(x.derived),
                       static_cast<double>(x.reference));
    if (e.differs != e.derived || e.in_place != e.stated)
      out += fmt::format("           they differ first in  {}  and  {}\n", e.differs, e.in_place);
    if (!e.element.empty() && e.element.size() + e.element_in_place.size() < kShort)
      out += fmt::format("           there, {}  is not  {}\n", e.element, e.element_in_place);
    if (c.cause) out += fmt::format("           the cause may be: {}\n", *c.cause);
    if (!c.reference->citation.remark.empty())
      out += fmt::format("           remark: {}\n", c.reference->citation.remark);
  }
  return out;
}

std::string verification_json(const Program& program, const std::vector<VerificationEntry>& entries) {
  nlohmann::ordered_json out;
  out["model"] = program.name();
  out["as_declared"] = all_as_declared(entries);
  out["references"] = nlohmann::ordered_json::array();
  for (const VerificationEntry& e : entries) {
    const auto& c = *e.checked;
    nlohmann::ordered_json j;
    j["quantity"] = e.quantity;
    j["declared"] = c.reference->holds ? "holds" : "refuted";
    j["verdict"] = name(c.result.verdict);
    j["as_declared"] = c.as_declared();
    j["derived"] = e.derived;
    j["reference"] = e.stated;
    j["file"] = c.reference->origin.file;
    j["line"] = c.reference->origin.line;
    if (!c.reference->citation.source.empty()) {
      j["source"] = c.reference->citation.source;
      j["equation"] = c.reference->citation.equation;
      j["remark"] = c.reference->citation.remark;
    }
    auto& proof = j["evidence"];
    if (c.result.verdict == Verdict::probable) proof["error_probability"] = c.result.error_probability;
    if (c.result.points != 0) proof["points"] = c.result.points;
    if (c.result.verdict == Verdict::proven) proof["normal_form"] = "the same";
    if (c.result.verdict == Verdict::refuted) {
      const auto& x = *c.result.counterexample;
      for (const auto& [axis, extent] : x.sizes.extents) proof["sizes"][axis] = extent;
      for (std::size_t k = 0; k < x.element.size(); ++k)
        proof["element"][str(c.derived->free[k])] = x.element[k];
      proof["derived"] = static_cast<double>(x.derived);
      proof["reference"] = static_cast<double>(x.reference);
      proof["differs_in"] = {{"derived", e.differs}, {"reference", e.in_place}};
      if (!e.element.empty())
        proof["first_difference"] = {{"derived", e.element}, {"reference", e.element_in_place}};
      if (c.cause) proof["cause"] = *c.cause;
    }
    if (!e.mistakes_passed.empty()) j["mistakes_passed"] = e.mistakes_passed;
    out["references"].push_back(std::move(j));
  }
  return out.dump(2) + "\n";
}

std::string verification_markdown(const Program& program, const std::vector<VerificationEntry>& entries) {
  std::string out = fmt::format("## {}\n\n", program.name());
  out +=
      "| equation | quantity | as printed | verdict | as derived | what is wrong, and a single mistake that "
      "explains it |\n";
  out += "|---|---|---|---|---|---|\n";
  for (const VerificationEntry& e : entries) {
    const auto& c = *e.checked;
    if (c.reference->citation.source.empty()) continue;
    const bool wrong = c.result.verdict == Verdict::refuted;
    std::string remark = c.reference->citation.remark;
    if (c.cause) remark += fmt::format("{}*{}*", remark.empty() ? "" : "; ", *c.cause);
    out += fmt::format("| {} {} | `{}` | `{}` | {} | {} | {} |\n", c.reference->citation.source,
                       c.reference->citation.equation, escaped(e.quantity), escaped(e.stated),
                       name(c.result.verdict), wrong ? "`" + escaped(e.derived) + "`" : "the same",
                       escaped(remark));
  }
  return out + "\n";
}

}  // namespace freefall::report

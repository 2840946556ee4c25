#include "codegen/report/description.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "codegen/report/explanation.hpp"
#include "codegen/report/mathml.hpp"

#include "codegen/report/escape.hpp"

namespace freefall::report {
namespace {

using namespace ir;

class Describer {
 public:
  explicit Describer(const plan::Compilation& c)
      : c_(c), letters_(*c.program->context), names_(plan::part_names(c)), written_out_(names_) {
    written_out_.name_root = false;
  }

  Description all() const {
    Description out;
    out.name = c_.program->name();
    out.indices = letters_.legend();
    for (const Model& m : c_.program->models) out.models.push_back(model(m));
    const auto& elaboration = c_.derivation.elaboration;
    for (const NamedPart& part : elaboration.names) {
      const std::vector<Index>& order = part.order.empty() ? part.expression->free : part.order;
      out.names.push_back(
          {latex_element(part.name, order, letters_), "=", math(part.expression, written_out_, order)});
    }
    for (const auto& f : elaboration.functionals) out.functionals.push_back(functional(f));
    out.assumptions = elaboration.ledger;
    for (const calculus::Rule& r : c_.derivation.rules) out.rules.push_back(rule(r));
    for (const calculus::GreedyRule& e : c_.derivation.events) out.events.push_back(events(e));
    return out;
  }

 private:
  std::string math(Expr e, const PrintOptions& options, const std::vector<Index>& own = {}) const {
    return latex(e, letters_, options, own);
  }

  ModelDescription model(const Model& m) const {
    ModelDescription out{m.name, m.joint, {}};
    for (const Factor& f : m.factors) {
      std::vector<std::string> arguments;
      for (std::size_t k = 0; k < f.arguments.size(); ++k) {
        const auto& [name, value] = f.arguments[k];
        arguments.push_back((k == 0 ? "" : fmt::format("\\text{{{}}} \\; ", name)) +
                            math(value, {}, canonical_indices(f.variable)));
      }
      if (f.linearised) arguments.push_back("\\text{linearised}");
      for (const Tensor* parent : f.marginalised)
        arguments.push_back("\\text{integrated over} \\; " + latex_element(parent->name, {}, letters_));
      const std::string density =
          f.density == "normal" ? "\\mathcal{N}" : fmt::format("\\operatorname{{{}}}", spoken(f.density));
      out.factors.push_back(
          {{math(elaborate::drawn(*c_.program->context, f), {}, canonical_indices(f.variable)), "\\sim",
            fmt::format("{}\\left({}\\right)", density, fmt::join(arguments, " , \\; "))},
           f.variable->name,
           f.density,
           f.origin});
    }
    return out;
  }

  static std::string spoken(std::string name) {
    std::replace(name.begin(), name.end(), '_', ' ');
    return name;
  }

  FunctionalDescription functional(const elaborate::Functional& f) const {
    const auto left = [&](const std::string& name, const std::vector<Index>& indices) {
      return name.find(' ') == std::string::npos ? latex_element(name, indices, letters_)
                                                 : fmt::format("\\text{{{}}}", name);
    };
    FunctionalDescription out;
    out.name = f.symbol->name;
    out.symbol = latex_element(f.symbol->name, canonical_indices(f.symbol), letters_);
    out.maximised = f.maximised;
    for (const auto& signed_names : f.decompositions) {
      std::string sum;
      for (const auto& [sign, name] : signed_names) {
        const auto term = std::find_if(f.terms.begin(), f.terms.end(),
                                       [&, &known = name](const auto& t) { return t.first == known; });
        sum += sum.empty() ? (sign < 0 ? "-" : "") : sign < 0 ? " - " : " + ";
        sum += left(name, term == f.terms.end() ? std::vector<Index>() : term->second->free);
      }
      out.decompositions.push_back({out.symbol, "=", sum});
    }
    for (const auto& [name, term] : f.terms)
      out.terms.push_back({left(name, term->free), "=", math(term, names_, term->free)});
    return out;
  }

  EventsDescription events(const calculus::GreedyRule& rule) const {
    const ir::Events& declared = *rule.events;
    EventsDescription out{declared.counts->name,
                          declared.voltage == nullptr ? "" : declared.voltage->name,
                          declared.origin,
                          {}};
    const auto own = canonical_indices(declared.counts);
    const auto add = [&](const char* name, Expr e) {
      out.equations.push_back({fmt::format("\\text{{{}}}", name), "=", math(e, names_, own)});
    };
    add("energy", declared.energy);
    add("voltage", rule.parts.voltage);
    add("threshold", rule.parts.threshold);
    if (rule.couplings) add("couplings", rule.couplings);
    return out;
  }

  RuleDescription rule(const calculus::Rule& r) const {
    const auto own = canonical_indices(r.target);
    const Expr functional = descended(c_, r);
    const std::string derivative =
        functional->op == Op::Access
            ? latex_element("dF_d" + r.target->name, own, letters_)
            : fmt::format("\\frac{{\\partial}}{{\\partial {}}} {}",
                          latex_element(r.target->name, own, letters_), math(functional, {}));
    RuleDescription out{r.kernel,
                        r.target->name,
                        r.method,
                        r.origin,
                        {derivative, "=", math(r.gradient, written_out_, own)},
                        r.modification,
                        {},
                        {}};
    if (r.unmodified) out.before = {derivative, "=", math(r.unmodified, written_out_, own)};
    for (const calculus::Assignment& u : r.updates) {
      const auto indices = canonical_indices(u.target);
      out.updates.push_back(
          {latex_element(u.target->name, indices, letters_), "\\leftarrow", math(u.value, names_, indices)});
    }
    return out;
  }

  const plan::Compilation& c_;
  Letters letters_;
  PrintOptions names_, written_out_;
};

std::string place(const Origin& origin) {
  return origin.file.empty() ? "" : fmt::format(" ({}:{})", origin.file, origin.line);
}

// Headings and equations, spelled by the two formats.
struct Spelling {
  std::string (*heading)(const std::string&);
  std::string (*text)(const std::string&);
  std::string (*equations)(const std::vector<Equation>&);
};

std::string document(const Description& d, const Spelling& s) {
  std::string out;
  const auto one = [&](const Equation& e) { return s.equations({e}); };
  std::vector<std::string> legend;
  for (const auto& m : d.models) {
    out += s.heading(fmt::format("{} {}", m.joint ? "Model" : "Full conditionals", m.name));
    std::vector<Equation> factors;
    for (const auto& f : m.factors) factors.push_back(f.equation);
    out += s.equations(factors);
  }
  std::vector<Equation> indices;
  for (const auto& [letter, axis] : d.indices) indices.push_back({letter, ":", latex_word(axis)});
  out += s.heading("Indices") + s.equations(indices);
  if (!d.names.empty()) out += s.heading("Where") + s.equations(d.names);
  for (const auto& f : d.functionals) {
    out += s.heading("Functional " + f.name) +
           s.text(f.maximised ? "In nats, to be maximised." : "In nats, to be minimised.");
    if (!f.decompositions.empty()) out += s.equations(f.decompositions) + s.text("where");
    out += s.equations(f.terms);
  }
  out += s.heading("Assumptions");
  for (const auto& a : d.assumptions) out += s.text(fmt::format("{} ({}): {}.", a.name, a.place, a.text));
  for (const auto& e : d.events) {
    out += s.heading(fmt::format("Events of {}{}", e.counts, place(e.origin))) +
           s.text("Each adds 1 to an element, where voltage exceeds threshold.") + s.equations(e.equations);
  }
  for (const auto& r : d.rules) {
    out += s.heading(fmt::format("Kernel {}, {} by {}{}", r.kernel, r.variable, r.method, place(r.origin)));
    if (!r.modification.empty())
      out += s.text("Not a gradient of F: " + r.modification + ". Without that") + one(r.before) +
             s.text("and with it");
    out += one(r.derivative) + s.equations(r.updates);
  }
  return out;
}

std::string escape_latex(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("_#%&$").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

Description describe(const plan::Compilation& compilation) { return Describer(compilation).all(); }

std::string rules_latex(const plan::Compilation& c) {
  return document(describe(c),
                  {[](const std::string& t) { return "\\subsection*{" + escape_latex(t) + "}\n"; },
                   [](const std::string& t) { return escape_latex(t) + "\n"; },
                   [](const std::vector<Equation>& equations) {
                     std::vector<std::string> lines;
                     for (const Equation& e : equations)
                       lines.push_back(fmt::format("  {} &{} {}", e.left, e.relation, e.right));
                     return fmt::format("\\begin{{align*}}\n{}\n\\end{{align*}}\n",
                                        fmt::join(lines, " \\\\\n"));
                   }});
}

std::string rules_mathml(const plan::Compilation& c) {
  return document(describe(c), {[](const std::string& t) { return "<h2>" + escape_xml(t) + "</h2>\n"; },
                                [](const std::string& t) { return "<p>" + escape_xml(t) + "</p>\n"; },
                                [](const std::vector<Equation>& equations) {
                                  std::string out;
                                  for (const Equation& e : equations) out += math_element(e.latex()) + "\n";
                                  return out;
                                }});
}

}  // namespace freefall::report

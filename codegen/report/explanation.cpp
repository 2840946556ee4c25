#include "codegen/report/explanation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "codegen/calculus/derivative.hpp"
#include "codegen/report/latex.hpp"

namespace freefall::report {
namespace {

using namespace ir;

bool reads(Expr e, const Tensor* t) {
  const auto all = tensors_of(e);
  return std::find(all.begin(), all.end(), t) != all.end();
}

const calculus::Rule& find_rule(const plan::Compilation& c, const std::string& wanted) {
  std::vector<std::string> known;
  for (const calculus::Rule& r : c.derivation.rules) {
    const std::string full = r.kernel + "." + r.target->name;
    if (wanted == full || wanted == r.target->name) return r;
    known.push_back(full);
  }
  throw ModelError(fmt::format("{}; the rules of the model '{}' are: {}",
                               wanted.empty() ? "no rule was named" : fmt::format("'{}' is no rule", wanted),
                               c.program->name(), fmt::join(known, ", ")));
}

class Explainer {
 public:
  Explainer(const plan::Compilation& c, const calculus::Rule& rule)
      : c_(c), context_(*c.program->context), rule_(rule), target_(rule.target) {}

  Explanation run() {
    Explanation out{rule_.kernel, target_->name, rule_.method, {}};
    find_functionals();
    densities();
    expectation();
    functional();
    derivative();
    functions();
    simplification();
    modification();
    descent();
    out.steps = std::move(steps_);
    return out;
  }

 private:
  using Line = ExplanationStep::Line;

  // The functionals that the rule descends: those whose value stands in what is descended.
  void find_functionals() {
    const std::vector<Expr> nodes = topological({rule_.functional});
    for (const auto& f : c_.derivation.elaboration.functionals) {
      if (std::find(nodes.begin(), nodes.end(), f.value) != nodes.end()) functionals_.push_back(&f);
    }
  }

  void densities() {
    ExplanationStep declared{"density", "the factors of the model in which " + target_->name + " stands", {}};
    ExplanationStep logs{"log-density", "minus the logarithm, summed over the elements, constants kept", {}};
    for (const Model& model : c_.program->models) {
      for (const Factor& f : model.factors) {
        const bool concerned =
            f.variable == target_ || std::any_of(f.arguments.begin(), f.arguments.end(),
                                                 [&](const auto& a) { return reads(a.second, target_); });
        if (!concerned) continue;
        for (const auto& [name, value] : f.arguments)
          declared.lines.push_back({fmt::format("{} of {}({})", name, f.density, f.variable->name), value});
        if (f.marginalised.empty()) {
          logs.lines.push_back({fmt::format("-ln p({})", f.variable->name),
                                elaborate::find_density(f.density)->negative_log(context_, f).value,
                                Line::Names::none});
        }
      }
    }
    steps_.push_back(declared);
    steps_.push_back(logs);
  }

  void expectation() {
    std::vector<std::string> reasons;
    for (const auto& a : c_.derivation.elaboration.ledger)
      reasons.push_back(fmt::format("{} ({}): {}", a.name, a.place, a.text));
    ExplanationStep step{"expectation",
                         reasons.empty() ? "under q" : fmt::format("under q. {}", fmt::join(reasons, ". ")),
                         {}};
    for (const auto* f : functionals_) {
      for (const auto& [name, term] : elaborate::summands(*f)) {
        if (reads(term, target_)) step.lines.push_back({name, term});
      }
    }
    steps_.push_back(step);
  }

  void functional() {
    std::vector<std::string> without;
    for (const auto* f : functionals_) {
      for (const auto& [name, term] : elaborate::summands(*f)) {
        if (!reads(term, target_)) without.push_back(name);
      }
    }
    std::string reason = "the sum of the terms; the kernel descends the expression below";
    if (!without.empty())
      reason += fmt::format(". {} do{} not contain {}", fmt::join(without, ", "),
                            without.size() == 1 ? "es" : "", target_->name);
    steps_.push_back({"functional", reason, {{"descended", descended(c_, rule_)}}});
  }

  void derivative() {
    ExplanationStep step{"derivative", "of each term, by the element of " + target_->name, {}};
    for (const auto* f : functionals_) {
      for (const auto& [name, term] : elaborate::summands(*f)) {
        if (!reads(term, target_) || !term->free.empty()) continue;
        step.lines.push_back(
            {fmt::format("d {}/d{}", name, target_->name), calculus::gradient(term, target_)});
      }
    }
    if (!step.lines.empty()) steps_.push_back(step);
  }

  // The rows of the table of functions that the chain rule used.
  void functions() {
    ExplanationStep step{
        "chain rule", "derivatives of the functions on the way, from the table of functions", {}};
    std::vector<Function> seen;
    for (const Expr e : topological({rule_.functional})) {
      if (e->op != Op::Map || !reads(e, target_)) continue;
      if (std::find(seen.begin(), seen.end(), e->function) != seen.end()) continue;
      seen.push_back(e->function);
      const FunctionRow& table = row(e->function);
      std::vector<Expr> x;
      for (std::size_t k = 0; k < e->args.size(); ++k)
        x.push_back(element(context_, context_.tensor(k == 0 ? "x_" : "y_", {}, Role::temporary)));
      const Expr y = make_map(e->function, x);
      for (std::size_t k = 0; k < x.size(); ++k) {
        if (reads(e->args[k], target_))
          step.lines.push_back(
              {fmt::format("d {}/d{}", print(y), print(x[k])), table.derivative(static_cast<int>(k), x, y)});
      }
    }
    if (!step.lines.empty()) steps_.push_back(step);
  }

  void simplification() {
    const Expr total = rule_.unmodified ? rule_.unmodified : rule_.gradient;
    steps_.push_back(
        {"simplification",
         "terms collected, deltas summed out, factors taken out of sums, recurring parts by their names",
         {{"dF/d" + target_->name, total}}});
  }

  void modification() {
    if (!rule_.unmodified) return;
    steps_.push_back({"modification",
                      rule_.modification + "; what follows is not a gradient of F",
                      {{"in place of dF/d" + target_->name, rule_.gradient}}});
  }

  void descent() {
    ExplanationStep step{"descent",
                         rule_.method == "solve" ? "the point at which the derivative vanishes"
                                                 : "one step of " + rule_.method,
                         {}};
    for (const calculus::Assignment& u : rule_.updates)
      step.lines.push_back({u.target->name + " <-", u.value, Line::Names::whole});
    steps_.push_back(step);
  }

  const plan::Compilation& c_;
  Context& context_;
  const calculus::Rule& rule_;
  const Tensor* target_;
  std::vector<const elaborate::Functional*> functionals_;
  std::vector<ExplanationStep> steps_;
};

PrintOptions options(const plan::Compilation& c, const ExplanationStep::Line& line) {
  using Names = ExplanationStep::Line::Names;
  PrintOptions out = line.names == Names::none ? PrintOptions() : plan::part_names(c);
  out.name_root = line.names == Names::whole;
  return out;
}

}  // namespace

Expr descended(const plan::Compilation& c, const calculus::Rule& rule) {
  std::vector<std::pair<Expr, Expr>> symbols;
  for (const auto& f : c.derivation.elaboration.functionals)
    symbols.emplace_back(f.value, element(*c.program->context, f.symbol));
  return replace(rule.functional, symbols);
}

Explanation explain(const plan::Compilation& c, const std::string& rule) {
  return Explainer(c, find_rule(c, rule)).run();
}

std::string explanation_text(const plan::Compilation& c, const Explanation& e) {
  std::string out = fmt::format("{} in kernel {}, by {}\n", e.variable, e.kernel, e.method);
  int number = 0;
  for (const auto& step : e.steps) {
    out += fmt::format("\n{}. {}: {}\n", ++number, step.name, step.reason);
    for (const auto& line : step.lines)
      out += fmt::format("   {} {} {}\n", line.left, line.left.ends_with("<-") ? "" : "=",
                         print(line.right, options(c, line)));
  }
  return out;
}

std::string explanation_latex(const plan::Compilation& c, const Explanation& e) {
  const Letters letters(*c.program->context);
  const auto escaped = [](const std::string& text) {
    std::string out;
    for (const char ch : text)
      out += ch == '_' || ch == '#' || ch == '%' ? std::string{'\\', ch} : std::string(1, ch);
    return out;
  };
  std::string out = fmt::format("\\subsection*{{{} in kernel {}, by {}}}\n\\begin{{enumerate}}\n",
                                escaped(e.variable), escaped(e.kernel), e.method);
  for (const auto& step : e.steps) {
    out += fmt::format("\\item \\textbf{{{}}}: {}\n", step.name, escaped(step.reason));
    std::vector<std::string> lines;
    for (const auto& line : step.lines) {
      lines.push_back(fmt::format("  \\text{{{}}} &= {}", escaped(line.left),
                                  latex(line.right, letters, options(c, line))));
    }
    if (!lines.empty())
      out += fmt::format("\\begin{{align*}}\n{}\n\\end{{align*}}\n", fmt::join(lines, " \\\\\n"));
  }
  return out + "\\end{enumerate}\n";
}

std::string explanation_json(const plan::Compilation& c, const Explanation& e) {
  const Letters letters(*c.program->context);
  nlohmann::ordered_json steps = nlohmann::ordered_json::array();
  for (const auto& step : e.steps) {
    nlohmann::ordered_json lines = nlohmann::ordered_json::array();
    for (const auto& line : step.lines)
      lines.push_back({{"left", line.left},
                       {"text", print(line.right, options(c, line))},
                       {"latex", latex(line.right, letters, options(c, line))}});
    steps.push_back({{"name", step.name}, {"reason", step.reason}, {"equations", lines}});
  }
  return nlohmann::ordered_json{
             {"kernel", e.kernel}, {"variable", e.variable}, {"method", e.method}, {"steps", steps}}
             .dump(2) +
         "\n";
}

}  // namespace freefall::report

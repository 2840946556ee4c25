#include "codegen/report/rules_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "codegen/ir/print.hpp"
#include "codegen/report/locality.hpp"

namespace freefall::report {
namespace {

using namespace ir;

PrintOptions with_names(const plan::Compilation& c, bool name_root = true) {
  PrintOptions out = plan::part_names(c);
  out.name_root = name_root;
  return out;
}

void print_steps(std::string& out, const calculus::Steps& steps, int indent) {
  const std::string margin(static_cast<std::size_t>(indent), ' ');
  for (const calculus::Step& step : steps) {
    if (const auto* loop = std::get_if<calculus::Loop>(&step.action)) {
      if (loop->while_positive != nullptr)
        out += fmt::format("{}while {} > 0, at most ", margin, loop->while_positive->name);
      out += loop->tolerance
                 ? fmt::format("{}at most {} times, until nothing moves by more than {}:\n", margin,
                               loop->count, *loop->tolerance)
                 : fmt::format("{}{} times:\n", loop->while_positive != nullptr ? "" : margin, loop->count);
      print_steps(out, loop->body, indent + 2);
      continue;
    }
    if (const auto* sweep = std::get_if<calculus::Sweep>(&step.action)) {
      out += fmt::format("{}for each {}, {}:\n", margin, sweep->axis->name, str(sweep->order));
      print_steps(out, sweep->body, indent + 2);
      continue;
    }
    for (const calculus::Assignment& a : std::get<calculus::Assign>(step.action).simultaneous)
      out += margin + a.label + "\n";
  }
}

std::string place(const Origin& origin) {
  return origin.file.empty() ? "" : fmt::format("  ({}:{})", origin.file, origin.line);
}

}  // namespace

std::string procedure_text(const plan::Compilation& c, const std::string& kernel) {
  std::string out;
  for (const auto& p : c.derivation.procedures) {
    if (p.name == kernel) print_steps(out, p.steps, 0);
  }
  // The gradients that the lines above name, written out.
  for (const auto& rule : c.derivation.rules) {
    if (rule.kernel == kernel)
      out += fmt::format("  {} = {}{}\n", print(rule.gradient, with_names(c)),
                         print(rule.gradient, with_names(c, false)),
                         rule.unmodified ? "  (not a gradient of F: " + rule.modification + ")" : "");
  }
  return out;
}

std::string rules_text(const plan::Compilation& c) {
  std::string out;
  const auto& elaboration = c.derivation.elaboration;
  for (const Model& model : c.program->models) {
    out += fmt::format("{} {}\n", model.joint ? "model" : "full conditionals", model.name);
    for (const Factor& f : model.factors) {
      std::vector<std::string> arguments;
      for (const auto& [name, value] : f.arguments)
        arguments.push_back(fmt::format("{} {}", name, print(value)));
      if (f.linearised) arguments.push_back("linearised");
      for (const Tensor* parent : f.marginalised)
        arguments.push_back(fmt::format("integrated over {}", parent->name));
      out += fmt::format("  {} ~ {}({}){}\n", print(elaborate::drawn(*c.program->context, f)), f.density,
                         fmt::join(arguments, ", "), place(f.origin));
    }
  }
  out += "\nwhere\n";
  for (const NamedPart& part : elaboration.names)
    out += fmt::format("  {} = {}\n", part.name, print(part.expression, with_names(c, false)));
  for (const auto& f : elaboration.functionals) {
    out += fmt::format("\nfunctional {}, in nats, to be {}\n", f.symbol->name,
                       f.maximised ? "maximised" : "minimised");
    for (const auto& sum : f.decompositions) {
      std::string text;
      for (const auto& [sign, name] : sum)
        text += fmt::format("{}{}", text.empty() ? (sign < 0 ? "-" : "") : sign < 0 ? " - " : " + ", name);
      out += fmt::format("  = {}\n", text);
    }
    out += "  where\n";
    for (const auto& [name, term] : f.terms)
      out += fmt::format("    {} = {}\n", name, print(term, with_names(c)));
  }
  for (const calculus::GreedyRule& rule : c.derivation.events) {
    const Tensor* voltage = rule.events->voltage;
    out += fmt::format("\nevents of {0}: each adds 1 to an element, where voltage > threshold{1}\n",
                       rule.events->counts->name, place(rule.events->origin));
    out +=
        fmt::format("  energy E = {}\n  voltage{} = {}\n  threshold = {}\n",
                    print(rule.events->energy, with_names(c)), voltage == nullptr ? "" : " " + voltage->name,
                    print(rule.parts.voltage, with_names(c)), print(rule.parts.threshold, with_names(c)));
    if (rule.couplings) out += fmt::format("  couplings = {}\n", print(rule.couplings, with_names(c)));
    if (rule.tick) {
      out += fmt::format("  in a tick {0} = ({1}) {0} + {2}\n", voltage->name,
                         print(rule.tick->keep, with_names(c)), print(rule.tick->drive, with_names(c)));
    }
  }
  out += "\nassumptions\n";
  for (const auto& a : elaboration.ledger) out += fmt::format("  {} ({}): {}\n", a.name, a.place, a.text);
  out += "\n" + locality_text(localities(c));
  out += "\nrules\n";
  for (const auto& rule : c.derivation.rules) {
    out += fmt::format("  kernel {}, {} by {}{}\n", rule.kernel, rule.target->name, rule.method,
                       place(rule.origin));
    if (rule.unmodified) {
      out += fmt::format("    not a gradient of F: {}\n    d/d{} before = {}\n", rule.modification,
                         rule.target->name, print(rule.unmodified, with_names(c, false)));
    }
    out += fmt::format("    d/d{}{} = {}\n", rule.target->name, rule.unmodified ? " after" : "",
                       print(rule.gradient, with_names(c, false)));
  }
  return out;
}

}  // namespace freefall::report

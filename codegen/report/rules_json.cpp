#include "codegen/report/rules_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "codegen/ir/print.hpp"
#include "codegen/report/explanation.hpp"
#include "codegen/report/latex.hpp"
#include "codegen/report/mathml.hpp"

namespace freefall::report {
namespace {

using namespace ir;
using Json = nlohmann::ordered_json;

const char* role_name(Role role) {
  switch (role) {
    case Role::variable: return "variable";
    case Role::parameter: return "parameter";
    case Role::input: return "input";
    case Role::constant: return "constant";
    case Role::prepared: return "prepared";
    case Role::state: return "state";
    case Role::output: return "output";
    case Role::temporary: return "temporary";
  }
  return "";
}

Json place(const Origin& origin) {
  return origin.file.empty() ? Json() : Json{{"file", origin.file}, {"line", origin.line}};
}

class Writer {
 public:
  explicit Writer(const plan::Compilation& c)
      : c_(c), letters_(*c.program->context), names_(plan::part_names(c)), written_out_(names_) {
    written_out_.name_root = false;
  }

  Json all() const {
    Json out{{"program", c_.program->name()}};
    out["axes"] = Json::array();
    for (const Axis& a : c_.program->context->axes())
      out["axes"].push_back({{"name", a.name}, {"plate", a.plate}});
    out["tensors"] = Json::array();
    for (const Tensor& t : c_.program->context->tensors()) {
      if (is_symbol(&t)) continue;
      Json axes = Json::array();
      for (const Axis* a : t.axes) axes.push_back(a->name);
      Json& entry =
          out["tensors"].emplace_back(Json{{"name", t.name}, {"role", role_name(t.role)}, {"axes", axes}});
      if (t.zero_diagonal) entry["zero_diagonal"] = true;
      if (t.one_of) entry["one_of"] = true;
      if (t.index_of != nullptr) entry["index_of"] = t.index_of->name;
    }
    out["models"] = Json::array();
    for (const Model& m : c_.program->models) out["models"].push_back(model(m));
    const auto& elaboration = c_.derivation.elaboration;
    out["names"] = Json::array();
    for (const NamedPart& part : c_.derivation.names)
      out["names"].push_back({{"name", part.name}, {"value", expression(part.expression, written_out_)}});
    out["functionals"] = Json::array();
    for (const auto& f : elaboration.functionals) {
      Json terms = Json::array();
      for (const auto& [name, term] : f.terms)
        terms.push_back({{"name", name}, {"value", expression(term, names_)}});
      out["functionals"].push_back({{"name", f.symbol->name}, {"terms", terms}});
    }
    out["assumptions"] = Json::array();
    for (const auto& a : elaboration.ledger)
      out["assumptions"].push_back({{"name", a.name}, {"place", a.place}, {"text", a.text}});
    out["events"] = Json::array();
    for (const auto& e : c_.derivation.events) out["events"].push_back(events(e));
    out["rules"] = Json::array();
    for (const auto& r : c_.derivation.rules) out["rules"].push_back(rule(r));
    return out;
  }

 private:
  // What stands for a functional, a gradient or a rule in expressions is no array.
  bool is_symbol(const Tensor* t) const {
    const auto of = [&](const auto& rows) {
      return std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return row.symbol == t; });
    };
    const Program& p = *c_.program;
    return of(p.functionals) || of(p.gradients) || of(p.rules);
  }

  Json expression(Expr e, const PrintOptions& options) const {
    const std::string formula = latex(e, letters_, options);
    return {{"text", print(e, options)}, {"latex", formula}, {"mathml", math_element(formula)}};
  }

  Json model(const Model& m) const {
    Json factors = Json::array();
    for (const Factor& f : m.factors) {
      Json arguments = Json::object();
      for (const auto& [name, value] : f.arguments) arguments[name] = print(value);
      factors.push_back({{"variable", f.variable->name},
                         {"density", f.density},
                         {"arguments", arguments},
                         {"place", place(f.origin)}});
    }
    return {{"name", m.name}, {"joint", m.joint}, {"factors", factors}};
  }

  Json rule(const calculus::Rule& r) const {
    Json updates = Json::array();
    for (const auto& u : r.updates)
      updates.push_back(
          {{"target", u.target->name}, {"equation", u.label}, {"value", expression(u.value, names_)}});
    Json out{{"kernel", r.kernel},
             {"variable", r.target->name},
             {"method", r.method},
             {"place", place(r.origin)},
             {"descends", expression(descended(c_, r), {})},
             {"gradient_of_functional", !r.unmodified},
             {"derivative", expression(r.gradient, written_out_)}};
    if (r.unmodified) {
      out["modification"] = r.modification;
      out["derivative_before"] = expression(r.unmodified, written_out_);
    }
    out["updates"] = updates;
    return out;
  }

  Json events(const calculus::GreedyRule& rule) const {
    Json out{{"counts", rule.events->counts->name},
             {"place", place(rule.events->origin)},
             {"energy", expression(rule.events->energy, names_)},
             {"voltage", expression(rule.parts.voltage, names_)},
             {"threshold", expression(rule.parts.threshold, names_)}};
    if (rule.couplings) out["couplings"] = expression(rule.couplings, names_);
    if (rule.tick) {
      out["state"] = rule.events->voltage->name;
      out["kept_in_a_tick"] = expression(rule.tick->keep, names_);
      out["drive_of_a_tick"] = expression(rule.tick->drive, names_);
    }
    return out;
  }

  const plan::Compilation& c_;
  Letters letters_;
  PrintOptions names_, written_out_;
};

}  // namespace

std::string rules_json(const plan::Compilation& compilation) {
  return Writer(compilation).all().dump(2) + "\n";
}

}  // namespace freefall::report

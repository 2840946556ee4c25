#include "codegen/report/locality.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "codegen/report/matrix_form.hpp"

namespace freefall::report {
namespace {

using namespace ir;

// Held copies, natural parameters and the like stand for the variable they belong to.
const Tensor* owner(const Context& context, const Tensor* t) {
  for (const std::string_view suffix : {"_held", "_natural"}) {
    if (!t->name.ends_with(suffix)) continue;
    const Tensor* live =
        context.find_tensor(std::string_view(t->name).substr(0, t->name.size() - suffix.size()));
    if (live != nullptr && live->axes == t->axes) return live;
  }
  return t;
}

// In order of declaration.
std::vector<const Tensor*> reads_of(const Context& context, Expr e) {
  std::set<std::string> names;
  for (const Tensor* t : tensors_of(e)) names.insert(owner(context, t)->name);
  std::vector<const Tensor*> out;
  for (const Tensor& t : context.tensors()) {
    if (names.contains(t.name)) out.push_back(&t);
  }
  return out;
}

std::vector<const Tensor*> reads_of(const Context& context, const Factor& f) {
  std::vector<Expr> all{element(const_cast<Context&>(context), f.variable)};
  for (const auto& [name, value] : f.arguments) all.push_back(value);
  if (f.drawn) all.push_back(f.drawn);
  return reads_of(context, make_sum(*all[0]->context, all));
}

bool contains(const std::vector<const Tensor*>& all, const Tensor* t) {
  return std::find(all.begin(), all.end(), t) != all.end();
}

// The position along which a weight is summed first: inner binders have smaller labels, and what is free is
// summed never. Nothing for what is no matrix between two indices.
std::optional<std::size_t> summed_position(Expr access) {
  std::vector<std::pair<int, std::size_t>> positions;
  for (std::size_t p = 0; p < access->subscripts.size(); ++p) {
    const Subscript& s = access->subscripts[p];
    if (access->tensor->axes[p]->plate) continue;
    if (!s.is_plain()) return {};
    positions.emplace_back(s.plain().is_bound() ? -s.plain().level : std::numeric_limits<int>::max(), p);
  }
  if (positions.size() != 2 || positions[0].first == positions[1].first) return {};
  return std::min(positions[0], positions[1]).second;
}

class Reporter {
 public:
  explicit Reporter(const plan::Compilation& c) : context_(*c.program->context) {
    names_.parts = c.derivation.elaboration.names;
    for (const Model& m : c.program->models) {
      for (const Factor& f : m.factors) factors_.push_back(&f);
    }
    for (const Functional& f : c.program->functionals) {
      if (f.kind == Functional::Kind::surprise) factors_.push_back(&f.factor);
    }
  }

  RuleLocality of(const calculus::Rule& rule) const {
    RuleLocality out{rule.kernel, rule.target->name, rule.method, {}};
    Number constant;
    std::vector<NamedTerm> terms{{1, rule.gradient, nullptr}};
    if (rule.gradient->op == Op::Sum) terms = named_terms(*rule.gradient, names_.parts, constant);
    for (const NamedTerm& t : terms) out.terms.push_back(term(rule, t.weight * t.term));
    return out;
  }

 private:
  LocalityTerm term(const calculus::Rule& rule, Expr e) const {
    LocalityTerm out;
    const Tensor* target = owner(context_, rule.target);
    out.text = matrix_form(e, canonical_indices(rule.target), names_);
    const auto reads = reads_of(context_, e);
    for (const Tensor* t : reads) {
      if (t == target) continue;
      if (t->role == Role::variable || t->role == Role::state) out.variables.push_back(t->name);
      if (t->role == Role::parameter || t->role == Role::input || t->role == Role::constant)
        out.parameters.push_back(t->name);
    }
    // The smallest factor next to the target that reads all that the term does.
    const Factor* through = nullptr;
    std::size_t smallest = 0;
    for (const Factor* f : factors_) {
      const auto own = reads_of(context_, *f);
      const bool all = contains(own, target) && std::all_of(reads.begin(), reads.end(), [&](const Tensor* t) {
                         return contains(own, t) || (t->role != Role::variable &&
                                                     t->role != Role::parameter && t->role != Role::constant);
                       });
      if (!all || (through != nullptr && own.size() >= smallest)) continue;
      through = f;
      smallest = own.size();
    }
    if (through != nullptr) {
      out.through = through->variable->name;
    } else {
      far(out, target, reads);
    }
    for (const Expr n : topological({e})) structure(out, n, rule, through);
    return out;
  }

  void far(LocalityTerm& out, const Tensor* target, const std::vector<const Tensor*>& reads) const {
    std::vector<std::string_view> strangers;
    for (const Tensor* t : reads) {
      const bool near = t == target || t->role != Role::variable ||
                        std::any_of(factors_.begin(), factors_.end(), [&](const Factor* f) {
                          const auto own = reads_of(context_, *f);
                          return contains(own, target) && contains(own, t);
                        });
      if (!near) strangers.push_back(t->name);
    }
    out.faults.push_back(
        {"far", strangers.empty()
                    ? fmt::format("it joins what different factors next to {} read", target->name)
                    : fmt::format("it reads {}, which shares no factor with {}", fmt::join(strangers, ", "),
                                  target->name)});
  }

  static void add(std::vector<LocalityFault>& faults, LocalityFault fault) {
    const bool known =
        std::any_of(faults.begin(), faults.end(), [&](const auto& f) { return f.text == fault.text; });
    if (!known) faults.push_back(std::move(fault));
  }

  void structure(LocalityTerm& out, Expr n, const calculus::Rule& rule, const Factor* through) const {
    if (n->op == Op::Inverse || n->op == Op::LogDet) {
      std::vector<std::string_view> of;
      for (const Tensor* t : tensors_of(n->args[0])) of.push_back(t->name);
      add(out.faults, {"inverse", fmt::format("the inverse of a matrix made of {} needs all units at once",
                                              fmt::join(of, ", "))});
    }
    if (n->op == Op::Contract) {
      for (const Index& i : n->bound) {
        const bool in_time = i.axis->plate || is_time(i.axis);
        if (in_time && std::find(out.summed.begin(), out.summed.end(), i.axis->name) == out.summed.end())
          out.summed.push_back(i.axis->name);
      }
    }
    if (n->op != Op::Access) return;
    for (const Subscript& s : n->subscripts) {
      if (n->tensor->role == Role::variable && s.offset > 0 && s.terms.size() == 1 &&
          is_time(s.terms[0].index.axis))
        add(out.faults, {"future", fmt::format("it reads {} at {}, a later tick", n->tensor->name, str(s))});
    }
    if (through == nullptr || n->tensor == rule.target || through->arguments.empty()) return;
    const auto here = summed_position(n);
    if (!here) return;
    for (const Expr m : topological({through->arguments[0].second})) {
      if (m->op != Op::Access || m->tensor != n->tensor) continue;
      const auto there = summed_position(m);
      if (!there || *there == *here) continue;
      add(out.faults,
          {"weight transport",
           fmt::format(
               "'{0}' is read against its direction: the prediction of {1} sums it over the axis '{2}', this "
               "term over '{3}', which takes its transpose back",
               n->tensor->name, through->variable->name, n->tensor->axes[*there]->name,
               n->tensor->axes[*here]->name)});
    }
  }

  // An axis some prediction reads at an earlier element.
  bool is_time(const Axis* axis) const {
    for (const Factor* f : factors_) {
      for (const auto& [name, value] : f->arguments) {
        for (const Expr e : topological({value})) {
          if (e->op != Op::Access) continue;
          for (const Subscript& s : e->subscripts) {
            if (s.offset != 0 && s.terms.size() == 1 && s.terms[0].index.axis == axis) return true;
          }
        }
      }
    }
    return false;
  }

  const Context& context_;
  MatrixNames names_;
  std::vector<const Factor*> factors_;
};

std::string listed(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

bool RuleLocality::is_local() const {
  return std::all_of(terms.begin(), terms.end(), [](const LocalityTerm& t) { return t.faults.empty(); });
}

std::vector<RuleLocality> localities(const plan::Compilation& c) {
  const Reporter reporter(c);
  std::vector<RuleLocality> out;
  std::vector<std::pair<const Tensor*, Expr>> seen;
  for (const calculus::Rule& rule : c.derivation.rules) {
    const std::pair<const Tensor*, Expr> key{rule.target, rule.gradient};
    if (std::find(seen.begin(), seen.end(), key) != seen.end()) continue;
    seen.push_back(key);
    out.push_back(reporter.of(rule));
  }
  return out;
}

std::string locality_text(const std::vector<RuleLocality>& localities) {
  std::string out = "locality\n";
  for (const RuleLocality& rule : localities) {
    out += fmt::format("  kernel {}, {} by {}: {}\n", rule.kernel, rule.target, rule.method,
                       rule.is_local() ? "local" : "not local");
    for (const LocalityTerm& t : rule.terms) {
      out += fmt::format("    {}\n", t.text);
      std::vector<std::string> reads = t.variables;
      reads.insert(reads.end(), t.parameters.begin(), t.parameters.end());
      out +=
          fmt::format("      {}{}{}\n",
                      t.through.empty() ? "through no single factor" : "through the density of " + t.through,
                      reads.empty() ? "" : ", reads " + listed(reads),
                      t.summed.empty() ? "" : ", summed over " + listed(t.summed));
      for (const LocalityFault& f : t.faults) out += fmt::format("      not local, {}: {}\n", f.kind, f.text);
    }
  }
  return out;
}

std::string locality_json(const std::vector<RuleLocality>& localities) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const RuleLocality& rule : localities) {
    nlohmann::ordered_json j{{"kernel", rule.kernel},
                             {"target", rule.target},
                             {"method", rule.method},
                             {"local", rule.is_local()}};
    j["terms"] = nlohmann::ordered_json::array();
    for (const LocalityTerm& t : rule.terms) {
      nlohmann::ordered_json term{{"term", t.text},
                                  {"through", t.through},
                                  {"variables", t.variables},
                                  {"parameters", t.parameters},
                                  {"summed", t.summed}};
      term["faults"] = nlohmann::ordered_json::array();
      for (const LocalityFault& f : t.faults) term["faults"].push_back({{"kind", f.kind}, {"text", f.text}});
      j["terms"].push_back(std::move(term));
    }
    out.push_back(std::move(j));
  }
  return out.dump(2) + "\n";
}

}  // namespace freefall::report

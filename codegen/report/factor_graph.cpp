#include "codegen/report/factor_graph.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "codegen/elaborate/density.hpp"

namespace freefall::report {
namespace {

using namespace ir;
using Kind = FactorGraph::Kind;

class Builder {
 public:
  explicit Builder(const Program& program) : program_(program) {}

  FactorGraph run() {
    for (const Family& family : program_.families) {
      for (const auto& m : family.members) latent_.insert(m.variable);
    }
    find_plates();
    for (std::size_t m = 0; m < program_.models.size(); ++m) {
      model_ = m;
      for (const Factor& f : program_.models[m].factors) add(f);
    }
    return std::move(out_);
  }

 private:
  // The plates that every variable of every model has.
  void find_plates() {
    for (const Axis& a : program_.context->axes()) {
      bool everywhere = a.plate;
      for (const Model& m : program_.models) {
        for (const Factor& f : m.factors) everywhere = everywhere && has(f.variable, &a);
      }
      if (everywhere) out_.plates.push_back(a.name);
    }
  }
  static bool has(const Tensor* t, const Axis* a) {
    return std::find(t->axes.begin(), t->axes.end(), a) != t->axes.end();
  }

  void add(const Factor& f) {
    std::vector<const Tensor*> parents;
    std::map<const Tensor*, std::string> elsewhere;
    for (const auto& [name, value] : f.arguments) {
      for (const Expr e : topological({value})) {
        if (e->op != Op::Access && e->op != Op::Gather) continue;
        const Tensor* t = e->tensor;
        if (std::find(parents.begin(), parents.end(), t) == parents.end()) parents.push_back(t);
        if (t->role == Role::variable && elsewhere[t].empty())
          elsewhere[t] = other_element(*e, t == f.variable);
      }
    }
    std::vector<std::size_t> sources;
    for (const Tensor* t : parents) sources.push_back(node(t));
    const std::size_t child = node(f.variable), factor = out_.nodes.size();
    out_.nodes.push_back({Kind::factor, f.density,
                          f.origin.file.empty() ? "" : fmt::format("{}:{}", f.origin.file, f.origin.line),
                          model_});
    for (std::size_t k = 0; k < parents.size(); ++k)
      out_.edges.push_back({sources[k], factor, elsewhere[parents[k]]});
    out_.edges.push_back({factor, child, ""});
  }

  // An index with an offset or a prime tells which other element is read.
  static std::string other_element(const Node& access, bool itself) {
    for (const Subscript& s : access.subscripts) {
      if (s.terms.size() == 1 && s.offset != 0) return str(s);
      if (itself && s.is_plain() && s.plain().is_bound()) return "others";
    }
    return "";
  }

  std::size_t node(const Tensor* t) {
    const auto [at, fresh] = index_.emplace(t, out_.nodes.size());
    if (!fresh) return at->second;
    std::vector<std::string> axes;
    for (const Axis* a : t->axes) {
      if (std::find(out_.plates.begin(), out_.plates.end(), a->name) == out_.plates.end())
        axes.push_back(a->name);
    }
    const bool coupling = t->role == Role::parameter || t->role == Role::constant;
    const Kind kind = coupling                    ? Kind::parameter
                      : t->role != Role::variable ? Kind::input
                      : latent_.contains(t)       ? Kind::latent
                                                  : Kind::given;
    out_.nodes.push_back({kind, t->name, fmt::format("{}", fmt::join(axes, ", ")), model_});
    return at->second;
  }

  const Program& program_;
  FactorGraph out_;
  std::set<const Tensor*> latent_;
  std::map<const Tensor*, std::size_t> index_;
  std::size_t model_ = 0;
};

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
  return out + "\"";
}

}  // namespace

const char* name(Kind kind) {
  switch (kind) {
    case Kind::latent: return "latent";
    case Kind::given: return "given";
    case Kind::parameter: return "parameter";
    case Kind::input: return "input";
    case Kind::factor: return "factor";
  }
  return "";
}

FactorGraph factor_graph(const Program& program) { return Builder(program).run(); }

std::string graphviz(const FactorGraph& graph) {
  static constexpr const char* kStyles[] = {
      "shape=ellipse", "shape=ellipse, style=filled, fillcolor=lightgrey", "shape=box, style=rounded",
      "shape=plaintext", "shape=square, style=filled, fillcolor=black, label=\"\", width=0.15"};
  std::string out = "digraph factor_graph {\n  rankdir=TB;\n  node [fontname=\"sans-serif\"];\n";
  const auto line = [&](std::size_t k, int indent) {
    const auto& n = graph.nodes[k];
    const std::string label = n.detail.empty() || n.kind == Kind::factor ? n.name : n.name + "\\n" + n.detail;
    out += fmt::format("{:{}}n{} [{}, {}={}];\n", "", indent, k, kStyles[static_cast<int>(n.kind)],
                       n.kind == Kind::factor ? "xlabel" : "label",
                       n.kind == Kind::factor ? quoted(n.name) : "\"" + label + "\"");
  };
  const auto inside = [&](const FactorGraph::Node& n) {
    return !graph.plates.empty() && n.kind != Kind::parameter && n.kind != Kind::input;
  };
  if (!graph.plates.empty()) {
    out += fmt::format("  subgraph cluster_plate {{\n    label={};\n",
                       quoted(fmt::format("{}", fmt::join(graph.plates, ", "))));
    for (std::size_t k = 0; k < graph.nodes.size(); ++k) {
      if (inside(graph.nodes[k])) line(k, 4);
    }
    out += "  }\n";
  }
  for (std::size_t k = 0; k < graph.nodes.size(); ++k) {
    if (!inside(graph.nodes[k])) line(k, 2);
  }
  for (const auto& e : graph.edges) {
    const bool draws = graph.nodes[e.from].kind == Kind::factor;
    out +=
        fmt::format("  n{} -> n{}{};\n", e.from, e.to,
                    draws          ? ""
                    : e.at.empty() ? " [arrowhead=none]"
                                   : fmt::format(" [arrowhead=none, style=dashed, label={}]", quoted(e.at)));
  }
  return out + "}\n";
}

}  // namespace freefall::report

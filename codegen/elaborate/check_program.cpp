// Checks of a program that need no sizes. The DSL makes the same checks at compile time; programs built at
// run time through the untyped builder get them here, with the same advice.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "codegen/calculus/descent.hpp"
#include "codegen/calculus/greedy.hpp"
#include "codegen/elaborate/density.hpp"

namespace freefall::ir {
namespace {

template <class... Args>
[[noreturn]] void fail(const Origin& origin, fmt::format_string<Args...> text, Args&&... args) {
  const std::string place = origin.file.empty() ? "" : fmt::format("{}:{}: ", origin.file, origin.line);
  throw ModelError(place + fmt::format(text, std::forward<Args>(args)...));
}

std::string list(const std::vector<std::string_view>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

template <class Row>
std::vector<std::string_view> names_of(const std::vector<Row>& rows) {
  std::vector<std::string_view> out;
  for (const Row& r : rows) out.push_back(r.name);
  return out;
}

void check_indices(const Factor& factor, std::string_view name, Expr e) {
  const auto own = canonical_indices(factor.variable);
  for (const Index& i : e->free) {
    const bool mine = std::find(own.begin(), own.end(), i) != own.end();
    const bool matrix = i.level > 0 && name != "mean" &&
                        std::find(own.begin(), own.end(), Index{i.axis, i.level - 1}) != own.end();
    if (!mine && !matrix) {
      fail(factor.origin,
           "the {} of '{}' varies over the axis '{}', which '{}' does not have; sum over that axis, or add "
           "it to '{}'",
           name, factor.variable->name, str(i), factor.variable->name, factor.variable->name);
    }
  }
}

void check_factor(const Factor& factor) {
  if (factor.variable->role != Role::variable) {
    fail(factor.origin, "'{}' is drawn from a density but is not a variable; declare it with variable<...>",
         factor.variable->name);
  }
  const auto* row = elaborate::find_density(factor.density);
  if (row == nullptr) {
    fail(factor.origin, "'{}' is drawn from the unknown density '{}'; known are: {}", factor.variable->name,
         factor.density, list(names_of(elaborate::densities())));
  }
  if (!elaborate::argument(factor, row->arguments[0])) {
    fail(factor.origin, "the {} density of '{}' has no {}", factor.density, factor.variable->name,
         row->arguments[0]);
  }
  for (const auto& [name, value] : factor.arguments) {
    if (std::find(row->arguments.begin(), row->arguments.end(), name) == row->arguments.end()) {
      fail(factor.origin, "the {} density of '{}' has no argument '{}'; it takes: {}", factor.density,
           factor.variable->name, name, list(row->arguments));
    }
    check_indices(factor, name, value);
  }
  if (factor.arguments.size() > 2) {
    fail(factor.origin, "the {} density of '{}' is given its spread {} times; give one of: {}",
         factor.density, factor.variable->name, factor.arguments.size() - 1, list(row->arguments));
  }
}

const Factor* factor_of(const Model& model, const Tensor* variable) {
  const auto at = std::find_if(model.factors.begin(), model.factors.end(),
                               [&](const Factor& f) { return f.variable == variable; });
  return at == model.factors.end() ? nullptr : &*at;
}

void check_acyclic(const Model& model) {
  std::vector<const Factor*> waiting;
  for (const Factor& f : model.factors) waiting.push_back(&f);
  for (bool moved = true; moved && !waiting.empty();) {
    moved = false;
    for (std::size_t i = 0; i < waiting.size() && !moved; ++i) {
      const bool blocked =
          std::any_of(waiting[i]->arguments.begin(), waiting[i]->arguments.end(), [&](const NamedExpr& a) {
            const auto reads = tensors_of(a.second);
            return std::any_of(waiting.begin(), waiting.end(), [&](const Factor* f) {
              return std::find(reads.begin(), reads.end(), f->variable) != reads.end();
            });
          });
      if (blocked) continue;
      waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(i));
      moved = true;
    }
  }
  if (waiting.empty()) return;
  std::vector<std::string_view> names;
  for (const Factor* f : waiting) names.push_back(f->variable->name);
  fail(waiting[0]->origin,
       "the variables {} depend on each other in a cycle; a joint density needs an order, parents first",
       list(names));
}

void check_model(const Model& model) {
  if (model.factors.empty())
    fail({}, "the model '{}' has no factors; give it at least one 'variable <<= density'", model.name);
  std::set<const Tensor*> drawn;
  for (const Factor& f : model.factors) {
    check_factor(f);
    if (!drawn.insert(f.variable).second) {
      fail(f.origin, "'{}' is drawn twice in the model '{}'; keep one of the two factors", f.variable->name,
           model.name);
    }
  }
  check_acyclic(model);
}

void check_family(const Program& program, const Family& family) {
  for (const auto& member : family.members) {
    const std::string& name = member.variable->name;
    if (member.variable->role != Role::variable) {
      fail(member.origin,
           "'{}' stands in the variational family but is not a variable; descend on a parameter instead",
           name);
    }
    if (elaborate::find_family(member.density) == nullptr) {
      fail(member.origin, "'{}' has the unknown family '{}'; known are: {}", name, member.density,
           list(names_of(elaborate::families())));
    }
    const bool has_factor = std::any_of(program.models.begin(), program.models.end(), [&](const Model& m) {
      return factor_of(m, member.variable) != nullptr;
    });
    if (!has_factor)
      fail(member.origin, "'{0}' is latent but no factor draws it; add '{0} <<= density' to the model", name);
  }
}

bool contains(const Program& program, Expr functional, const Tensor* target) {
  for (const Tensor* t : tensors_of(functional)) {
    if (t == target) return true;
    for (const auto& f : program.functionals) {
      if (f.symbol != t) continue;
      for (const Factor& factor : program.models[f.model].factors) {
        if (factor.variable == target) return true;
        for (const auto& [name, value] : factor.arguments) {
          const auto reads = tensors_of(value);
          if (std::find(reads.begin(), reads.end(), target) != reads.end()) return true;
        }
      }
    }
  }
  return false;
}

struct BlockCheck {
  const Program& program;
  const std::string& kernel;
  Origin origin;

  void operator()(const Forward&) const {}
  void operator()(const Predict& predict) const {
    for (const Tensor* t : predict.variables) {
      if (factor_of(program.models[predict.model], t) == nullptr) {
        fail(origin, "kernel '{}' predicts '{}', which no factor of '{}' draws", kernel, t->name,
             program.models[predict.model].name);
      }
    }
  }
  void operator()(const Descend& descend) const {
    const auto* row = calculus::find_descent(descend.descent.method);
    if (row == nullptr) {
      fail(origin, "kernel '{}' descends by the unknown method '{}'; known are: {}", kernel,
           descend.descent.method, list(names_of(calculus::descents())));
    }
    for (const auto& setting : row->settings) {
      const auto& given = descend.descent.settings;
      const auto at = std::find_if(given.begin(), given.end(),
                                   [&](const NamedExpr& s) { return s.first == setting.name; });
      if (at == given.end() && !setting.standard)
        fail(origin, "kernel '{}': the descent '{}' needs a {}", kernel, row->name, setting.name);
      if (at != given.end() && !at->second->free.empty()) {
        fail(origin, "kernel '{}': the {} of a descent must be a scalar, but it varies over the axis '{}'",
             kernel, setting.name, str(at->second->free[0]));
      }
    }
    if (!descend.functional->free.empty()) {
      fail(origin,
           "kernel '{}' descends an expression that varies over the axis '{}'; a functional is a scalar, so "
           "sum over that axis",
           kernel, str(descend.functional->free[0]));
    }
    std::set<const Tensor*> seen;
    for (const Tensor* t : descend.targets) {
      if (t->role != Role::variable && t->role != Role::parameter)
        fail(origin, "kernel '{}' descends on '{}', which is neither a variable nor a parameter", kernel,
             t->name);
      if (!contains(program, descend.functional, t))
        fail(origin, "kernel '{}' descends on '{}', which the functional does not contain", kernel, t->name);
      if (!seen.insert(t).second)
        fail(origin, "kernel '{}' descends twice on '{}' in one statement", kernel, t->name);
    }
  }
  void operator()(const Repeat& repeat) const { loop(repeat.body, repeat.count, "repeat"); }
  void operator()(const Until& until) const {
    if (!(until.tolerance > 0))
      fail(origin, "kernel '{}': until needs a positive tolerance, found {}", kernel, until.tolerance);
    loop(until.body, until.at_most, "until");
  }
  void operator()(const Evaluate& evaluate) const {
    for (const Index& i : evaluate.value->free) {
      if (std::find(evaluate.result->axes.begin(), evaluate.result->axes.end(), i.axis) ==
          evaluate.result->axes.end()) {
        fail(origin,
             "kernel '{}': the value of '{}' varies over the axis '{}', which the result does not have",
             kernel, evaluate.result->name, str(i));
      }
    }
  }
  void operator()(const Tick& tick) const {
    for (const Tensor* t : tick.variables) {
      const bool trace = std::any_of(program.traces.begin(), program.traces.end(),
                                     [&](const Trace& x) { return x.variable == t; });
      const bool voltage = std::any_of(program.events.begin(), program.events.end(),
                                       [&](const Events& x) { return x.voltage == t; });
      if (!trace && !voltage)
        fail(origin,
             "kernel '{0}' ticks '{1}', which is neither a trace nor a voltage; declare it with "
             "trace<\"{1}\">",
             kernel, t->name);
    }
  }
  void operator()(const Fire& fire) const {
    calculus::event_index(program.events[fire.events].counts);
    std::set<const Tensor*> moved = {program.events[fire.events].counts, program.events[fire.events].voltage};
    for (const Statement& s : fire.with_each) {
      const auto* descend = std::get_if<Descend>(&s.action);
      if (descend == nullptr)
        fail(s.origin, "kernel '{}': on_spike takes descents alone; other statements stand after fire",
             kernel);
      for (const Tensor* t : descend->targets) {
        if (!moved.insert(t).second)
          fail(s.origin,
               "kernel '{}': an event moves '{}' twice; descend it once, and not the counts or the voltage",
               kernel, t->name);
      }
    }
    block(fire.with_each);
  }
  void loop(const Block& body, std::size_t count, std::string_view word) const {
    if (body.empty()) fail(origin, "kernel '{}': {} has no statements", kernel, word);
    if (count == 0) fail(origin, "kernel '{}': {} makes no pass; give it at least 1", kernel, word);
    block(body);
  }
  void block(const Block& body) const {
    for (const Statement& s : body) std::visit(BlockCheck{program, kernel, s.origin}, s.action);
  }
};

// Names become identifiers of the generated code; those it uses itself are taken.
void check_name(const Program& program, std::string_view name, std::string_view what) {
  static constexpr std::string_view kTaken[] = {
      "arrays", "elements", "extent", "instance", "passes", "raw", "scalar", "scratch", "tensors",
      // keywords
      "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break", "case",
      "catch", "char", "class", "compl", "concept", "const", "constexpr", "continue", "decltype", "default",
      "delete", "do", "double", "else", "enum", "explicit", "export", "extern", "false", "float", "for",
      "friend", "goto", "if", "inline", "int", "long", "mutable", "namespace", "new", "noexcept", "not",
      "not_eq", "nullptr", "operator", "or", "or_eq", "private", "protected", "public", "register",
      "requires", "return", "short", "signed", "sizeof", "static", "struct", "switch", "template", "this",
      "throw", "true", "try", "typedef", "typeid", "typename", "union", "unsigned", "using", "virtual",
      "void", "volatile", "while", "xor", "xor_eq"};
  bool taken =
      std::find(std::begin(kTaken), std::end(kTaken), name) != std::end(kTaken) || name.ends_with('_');
  for (const Axis& axis : program.context->axes()) {
    taken = taken || name == axis.name + "_copies" || name.starts_with("i_" + axis.name) ||
            name.starts_with("s_" + axis.name);
  }
  if (taken)
    fail({}, "the {} '{}' has a name that C++ or the generated code uses; give it another name", what, name);
}

}  // namespace

void check_program(const Program& program) {
  if (program.models.empty() && program.events.empty()) fail({}, "the program declares no model");
  for (const Model& m : program.models) check_model(m);
  for (const Family& f : program.families) check_family(program, f);
  for (const Axis& axis : program.context->axes()) check_name(program, axis.name, "axis");
  for (const Tensor& t : program.context->tensors()) {
    if (t.role == Role::variable || t.role == Role::parameter || t.role == Role::input)
      check_name(program, t.name, "array");
  }
  for (const Kernel& k : program.kernels) {
    check_name(program, k.name, "kernel");
    const Tensor* same = program.context->find_tensor(k.name);
    if (same != nullptr && same->role != Role::output)
      fail(k.origin, "the kernel '{0}' has the name of the array '{0}'; give one of them another", k.name);
  }
  std::set<std::string> names;
  for (const Kernel& k : program.kernels) {
    if (!names.insert(k.name).second)
      fail(k.origin, "two kernels are called '{}'; give one of them another name", k.name);
    if (k.body.empty()) fail(k.origin, "kernel '{}' has no statements", k.name);
    BlockCheck{program, k.name, k.origin}.block(k.body);
  }
  if (program.kernels.empty())
    fail({}, "the program '{}' has no kernels; add at least one kernel<\"name\">(...)", program.name());
}

}  // namespace freefall::ir

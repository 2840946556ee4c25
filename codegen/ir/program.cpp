#include "codegen/ir/program.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/ir/print.hpp"

namespace freefall::ir {

namespace {

// `base` is not an identifier, so no name of the user's can be the same.
const Tensor* new_symbol(Context& context, const std::string& base, std::vector<const Axis*> axes) {
  std::string name = base;
  for (int n = 2; context.find_tensor(name) != nullptr; ++n) name = fmt::format("{}{}", base, n);
  return context.tensor(name, std::move(axes), Role::output);
}

}  // namespace

ModelError::ModelError(const std::string& text, const Origin& place)
    : std::runtime_error(place.line == 0 ? text : fmt::format("{}:{}: {}", place.file, place.line, text)),
      has_place_(place.line != 0) {}

Origin place_of(const Program& program, const Functional& functional) {
  if (functional.origin.line != 0 || functional.kind == Functional::Kind::surprise) return functional.origin;
  const Model& model = program.models[functional.model];
  return model.factors.empty() ? Origin{} : model.factors.front().origin;
}

Origin place_of(const Program& program, const Kernel& kernel) {
  if (kernel.origin.line != 0) return kernel.origin;
  for (const Functional& f : program.functionals) {
    if (const Origin place = place_of(program, f); place.line != 0) return place;
  }
  return {};
}

Expr Program::local_free_energy(std::size_t model, std::size_t family, Origin origin) {
  const Model& p = models[model];
  if (families[family].members.size() != 1) {
    throw ModelError(
        fmt::format("the local free energy of '{}' needs a family with one member, found {}; give each "
                    "variable a family",
                    p.name, families[family].members.size()),
        origin);
  }
  const Tensor* variable = families[family].members[0].variable;
  for (const Factor& f : p.factors) {
    if (f.variable != variable) continue;
    const Tensor* symbol = new_symbol(*context, fmt::format("F[{}]", p.name), variable->axes);
    functionals.push_back({symbol, model, family, std::move(origin), Functional::Kind::local_free_energy, f});
    return element(*context, symbol);
  }
  throw ModelError(fmt::format("'{0}' is latent but '{1}' has no conditional for it; add '{0} <<= density'",
                               variable->name, p.name),
                   origin);
}

Expr Program::future(std::string word, std::size_t model, std::size_t family,
                     std::vector<std::pair<const Tensor*, Expr>> preferences,
                     std::vector<std::pair<const Tensor*, Expr>> posteriors, Origin origin) {
  std::vector<const Axis*> plates;
  for (const Factor& f : models[model].factors) {
    for (const Axis* axis : f.variable->axes) {
      if (axis->plate && std::find(plates.begin(), plates.end(), axis) == plates.end())
        plates.push_back(axis);
    }
  }
  const char* letter = word == "expected_free_energy" ? "G" : word.c_str();
  const Tensor* symbol = new_symbol(*context, fmt::format("{}[{}]", letter, models[model].name), plates);
  functionals.push_back({symbol,
                         model,
                         family,
                         std::move(origin),
                         Functional::Kind::future,
                         {},
                         std::move(word),
                         std::move(preferences),
                         std::move(posteriors)});
  return element(*context, symbol);
}

Expr Program::surprise(Factor factor) {
  const Tensor* symbol = new_symbol(*context, fmt::format("S[{}]", factor.variable->name), {});
  Origin origin = factor.origin;
  functionals.push_back({symbol, 0, 0, std::move(origin), Functional::Kind::surprise, std::move(factor)});
  return element(*context, symbol);
}

Expr Program::previous(const Tensor* variable) {
  for (const auto& [of, kept] : previous_values) {
    if (of == variable) return element(*context, kept);
  }
  const Tensor* kept = context->tensor(variable->name + "_previous", variable->axes, Role::state, false,
                                       variable->one_of, variable->index_of);
  previous_values.emplace_back(variable, kept);
  return element(*context, kept);
}

Expr Program::free_energy(std::size_t model, std::size_t family, Origin origin) {
  for (const Functional& f : functionals) {
    if (f.kind == Functional::Kind::free_energy && f.model == model && f.family == family)
      return element(*context, f.symbol);
  }
  const Tensor* symbol = new_symbol(*context, fmt::format("F[{}]", models[model].name), {});
  functionals.push_back({symbol, model, family, std::move(origin)});
  return element(*context, symbol);
}

Expr Program::evidence_lower_bound(std::size_t model, std::size_t family, Origin origin) {
  const Tensor* symbol = new_symbol(*context, fmt::format("ELBO[{}]", models[model].name), {});
  functionals.push_back({symbol, model, family, std::move(origin), Functional::Kind::evidence_lower_bound});
  return element(*context, symbol);
}

Expr Program::gradient(Expr functional, const Tensor* variable) {
  for (const Gradient& g : gradients) {
    if (g.functional == functional && g.variable == variable) return element(*context, g.symbol);
  }
  const std::string name = fmt::format("d({})/d{}", print(functional), variable->name);
  const Tensor* symbol = context->tensor(name, variable->axes, Role::output);
  gradients.push_back({symbol, functional, variable});
  return element(*context, symbol);
}

Expr Program::rule(std::string_view kernel, const Tensor* variable) {
  for (const RuleSymbol& r : rules) {
    if (r.kernel == kernel && r.variable == variable) return element(*context, r.symbol);
  }
  const Tensor* symbol =
      context->tensor(fmt::format("rule({}, {})", kernel, variable->name), variable->axes, Role::output);
  rules.push_back({symbol, std::string(kernel), variable});
  return element(*context, symbol);
}

std::string_view name(EventPart::Kind kind) {
  static constexpr std::string_view kNames[] = {"voltage", "threshold", "couplings"};
  return kNames[static_cast<std::size_t>(kind)];
}

Expr Program::event_part(std::size_t of, EventPart::Kind kind) {
  for (const EventPart& p : event_parts) {
    if (p.events == of && p.kind == kind) return element(*context, p.symbol);
  }
  const Tensor* counts = events[of].counts;
  std::vector<const Axis*> axes = counts->axes;
  if (kind == EventPart::Kind::couplings) axes.insert(axes.end(), counts->axes.begin(), counts->axes.end());
  const Tensor* symbol =
      context->tensor(fmt::format("{}({}, {})", ir::name(kind), counts->name, of), axes, Role::output);
  event_parts.push_back({symbol, of, kind});
  return element(*context, symbol);
}

const Tensor* held_copy(Context& context, const Tensor* live) {
  const std::string base = live->name + "_held";
  std::string name = base;
  for (int n = 2;; ++n) {
    const Tensor* known = context.find_tensor(name);
    if (known == nullptr || known->role == Role::temporary) break;
    name = fmt::format("{}_{}", base, n);
  }
  return context.tensor(name, live->axes, Role::temporary);
}

const Tensor* previous(Context& context, const Tensor* tensor) {
  return context.tensor(tensor->name + "_previous", tensor->axes, Role::state);
}

namespace {
const Tensor* find_state(const Context& context, const std::string& name) {
  const Tensor* found = context.find_tensor(name);
  return found != nullptr && found->role == Role::state ? found : nullptr;
}
}  // namespace

const Tensor* find_previous(const Context& context, const Tensor* tensor) {
  return find_state(context, tensor->name + "_previous");
}

const Tensor* precision_of(Context& context, const Tensor* mean) {
  std::vector<const Axis*> axes = mean->axes;
  for (const Axis* a : mean->axes) {
    if (!a->plate) axes.push_back(a);
  }
  return context.tensor(mean->name + "_precision", std::move(axes), Role::state);
}

const Tensor* find_precision(const Context& context, const Tensor* mean) {
  return find_state(context, mean->name + "_precision");
}

}  // namespace freefall::ir

#include "codegen/ir/program.hpp"

#include <fmt/format.h>

namespace freefall::ir {

Expr Program::free_energy(std::size_t model, std::size_t family, Origin origin) {
  for (const Functional& f : functionals) {
    if (f.model == model && f.family == family) return element(*context, f.symbol);
  }
  // Not an identifier, so no name of the user's can be the same.
  const std::string base = fmt::format("F[{}]", models[model].name);
  std::string name = base;
  for (int n = 2; context->find_tensor(name) != nullptr; ++n) name = fmt::format("{}{}", base, n);
  const Tensor* symbol = context->tensor(name, {}, Role::output);
  functionals.push_back({symbol, model, family, std::move(origin)});
  return element(*context, symbol);
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

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

const Tensor* find_previous(const Context& context, const Tensor* tensor) {
  const Tensor* found = context.find_tensor(tensor->name + "_previous");
  return found != nullptr && found->role == Role::state ? found : nullptr;
}

}  // namespace freefall::ir

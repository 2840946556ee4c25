#include "codegen/ir/program.hpp"

#include <fmt/format.h>

#include "codegen/ir/print.hpp"

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

Expr Program::gradient(Expr functional, const Tensor* variable) {
  for (const Gradient& g : gradients) {
    if (g.functional == functional && g.variable == variable) return element(*context, g.symbol);
  }
  const std::string name = fmt::format("d({})/d{}", print(functional), variable->name);
  const Tensor* symbol = context->tensor(name, variable->axes, Role::output);
  gradients.push_back({symbol, functional, variable});
  return element(*context, symbol);
}

}  // namespace freefall::ir

#include "codegen/ir/program.hpp"

#include <fmt/format.h>

namespace freefall::ir {

Expr Program::free_energy(std::size_t model, std::size_t family, Origin origin) {
  for (const Functional& f : functionals) {
    if (f.model == model && f.family == family) return element(*context, f.symbol);
  }
  const std::string suffix = functionals.empty() ? "" : fmt::format("{}", functionals.size() + 1);
  const Tensor* symbol = context->tensor("F" + suffix, {}, Role::output);
  functionals.push_back({symbol, model, family, std::move(origin)});
  return element(*context, symbol);
}

}  // namespace freefall::ir

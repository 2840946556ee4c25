#include "codegen/elaborate/hold_predictions.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace freefall::elaborate {
namespace {

using namespace ir;

std::vector<const Tensor*> latents_of(const Program& program, std::size_t model) {
  std::vector<const Tensor*> out;
  for (const auto& f : program.functionals) {
    if (f.model != model) continue;
    for (const auto& member : program.families[f.family].members) {
      if (std::find(out.begin(), out.end(), member.variable) == out.end()) out.push_back(member.variable);
    }
  }
  return out;
}

}  // namespace

const Tensor* Held::copy_of(const Tensor* live) const {
  const auto at = std::find_if(copies.begin(), copies.end(), [&](const Copy& c) { return c.live == live; });
  return at == copies.end() ? nullptr : at->held;
}

Held hold_predictions(const Held& before, std::size_t model) {
  Held out = before;
  Context& context = *out.program.context;
  const std::vector<const Tensor*> latents = latents_of(out.program, model);
  const auto frozen = [&](Expr e) {
    if ((e->op != Op::Access && e->op != Op::Gather) ||
        std::find(latents.begin(), latents.end(), e->tensor) == latents.end())
      return e;
    const Tensor* copy = out.copy_of(e->tensor);
    if (copy == nullptr) {
      copy = held_copy(context, e->tensor);
      out.copies.push_back({e->tensor, copy, model});
    }
    return e->op == Op::Access ? make_access(context, copy, e->subscripts)
                               : make_gather(context, copy, e->args);
  };
  for (Factor& f : out.program.models[model].factors) {
    const std::string_view prediction = find_density(f.density)->arguments[0];
    for (auto& [name, value] : f.arguments) {
      if (name == prediction) value = transform(value, frozen);
    }
  }
  out.elaboration = elaborate(out.program);
  return out;
}

}  // namespace freefall::elaborate

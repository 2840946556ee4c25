#include "codegen/calculus/resolve.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/calculus/derivative.hpp"
#include "codegen/calculus/greedy.hpp"

namespace freefall::calculus {
namespace {

using namespace ir;

// A value over the canonical indices of a variable, at the place where its symbol stands.
Expr at_place(Expr value, const Tensor* variable, Expr symbol) {
  const auto own = canonical_indices(variable);
  Substitution to_place;
  for (std::size_t p = 0; p < own.size(); ++p) to_place.emplace_back(own[p], symbol->subscripts[p]);
  return substitute(value, to_place);
}

Expr value_of(const elaborate::Held& held, const EventPart& part) {
  const Events& events = held.program.events[part.events];
  const GreedyParts all = greedy_parts(resolve(held, events.energy), events.counts);
  switch (part.kind) {
    case EventPart::Kind::voltage: return all.voltage;
    case EventPart::Kind::threshold: return all.threshold;
    case EventPart::Kind::couplings: return greedy_couplings(all, events.counts);
  }
  return {};
}

Expr value_of(const Rule& rule) { return rule.method == "solve" ? rule.updates[0].value : rule.gradient; }

Expr value_of(const Derivation& derivation, const RuleSymbol& symbol) {
  Expr out;
  for (const Rule& rule : derivation.rules) {
    if (rule.kernel != symbol.kernel || rule.target != symbol.variable) continue;
    if (out && !(out == value_of(rule))) {
      throw ModelError(fmt::format(
          "kernel '{}' has two different rules for '{}', so a reference cannot tell which is meant; "
          "give them kernels of their own",
          symbol.kernel, symbol.variable->name));
    }
    out = value_of(rule);
  }
  return out;
}

}  // namespace

std::vector<Expr> gradients(const elaborate::Held& held, Expr functional,
                            const std::vector<const Tensor*>& of) {
  std::vector<const Tensor*> all = of;
  std::vector<std::pair<std::size_t, std::size_t>> also;
  for (std::size_t i = 0; i < of.size(); ++i) {
    if (const Tensor* copy = held.copy_of(of[i])) {
      also.emplace_back(i, all.size());
      all.push_back(copy);
    }
  }
  std::vector<Expr> out = gradients(functional, all);
  for (const auto& [variable, copy] : also) out[variable] = out[variable] + out[copy];
  out.resize(of.size());
  return out;
}

Expr resolve(const elaborate::Held& held, Expr e) {
  const Expr derived = transform(e, [&](Expr n) {
    if (n->op != Op::Access || n->tensor->role != Role::output) return n;
    for (const Gradient& g : held.program.gradients) {
      if (g.symbol == n->tensor)
        return at_place(gradients(held, resolve(held, g.functional), {g.variable})[0], g.variable, n);
    }
    for (const EventPart& p : held.program.event_parts) {
      if (p.symbol == n->tensor) return at_place(value_of(held, p), p.symbol, n);
    }
    return n;
  });
  return elaborate::resolve(held.elaboration, derived);
}

Expr resolve(const Program& program, const Derivation& derivation, Expr e) {
  const Expr derived = transform(e, [&](Expr n) {
    if (n->op != Op::Access || n->tensor->role != Role::output) return n;
    for (const RuleSymbol& r : program.rules) {
      if (r.symbol == n->tensor) return at_place(value_of(derivation, r), r.variable, n);
    }
    return n;
  });
  return resolve(elaborate::Held{program, derivation.elaboration, {}}, derived);
}

}  // namespace freefall::calculus

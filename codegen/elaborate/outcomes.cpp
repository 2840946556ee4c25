#include "codegen/elaborate/outcomes.hpp"

#include <algorithm>

namespace freefall::elaborate {
namespace {

using namespace ir;
using Predicate = std::function<bool(const Tensor*)>;

Expr value_at(Expr x, Function f, const Predicate& is_outcome);

// The bound index that an indicator picks out, or null.
const Index* picked(Expr e, const std::vector<Index>& bound, const Predicate& is_outcome) {
  if (e->op != Op::Access || !e->tensor->one_of || !is_outcome(e->tensor)) return nullptr;
  for (std::size_t p = 0; p < e->subscripts.size(); ++p) {
    if (e->tensor->axes[p]->plate) continue;
    for (const Index& b : bound) {
      if (e->subscripts[p] == Subscript(b)) return &b;
    }
  }
  return nullptr;
}

// f(sum_b s[b] R(b)) = sum_b s[b] f(R(b)); indices no indicator picks stay inside the function.
Expr value_of_contraction(const Node& n, Function f, const Predicate& is_outcome) {
  const Expr body = n.args[0];
  const bool single = body->op != Op::Product;
  const std::vector<Expr> factors = single ? std::vector<Expr>{body} : body->args;
  std::vector<Expr> indicators, rest;
  std::vector<Number> exponents;
  std::vector<Index> chosen, others = n.bound;
  for (std::size_t k = 0; k < factors.size(); ++k) {
    const Number exponent = single ? Number(1) : body->weights[k];
    const Index* index = exponent.is_one() ? picked(factors[k], others, is_outcome) : nullptr;
    if (index == nullptr) {
      rest.push_back(factors[k]);
      exponents.push_back(exponent);
    } else {
      indicators.push_back(factors[k]);
      chosen.push_back(*index);
      std::erase(others, chosen.back());
    }
  }
  Context& context = *n.context;
  const Expr left = make_contract(others, make_product(context, rest, exponents));
  if (chosen.empty()) return make_map(f, {Expr(&n)});
  indicators.push_back(value_at(left, f, is_outcome));
  return make_contract(chosen, make_product(context, indicators));
}

Expr value_at(Expr x, Function f, const Predicate& is_outcome) {
  return x->op == Op::Contract ? value_of_contraction(*x, f, is_outcome) : make_map(f, {x});
}

}  // namespace

Expr at_outcomes(Expr e, Function f, const Predicate& is_outcome) {
  return transform(e, [&](Expr n) {
    return n->op == Op::Map && n->function == f ? value_at(n->args[0], f, is_outcome) : n;
  });
}

Index outcome_index(const Tensor* one_of) {
  const std::vector<Index> own = canonical_indices(one_of);
  return *std::find_if(own.begin(), own.end(), [](const Index& i) { return !i.axis->plate; });
}

}  // namespace freefall::elaborate

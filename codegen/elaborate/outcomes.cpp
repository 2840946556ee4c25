#include "codegen/elaborate/outcomes.hpp"

#include <algorithm>

namespace freefall::elaborate {
namespace {

using namespace ir;
using Predicate = std::function<bool(const Tensor*)>;

Expr value_at(Expr x, Function f, const Predicate& is_outcome);

// The bound index that an indicator picks out, or null.
const Index* picked(Expr e, const std::vector<Index>& bound, const Predicate& is_outcome) {
  if (e->op == Op::Map && e->function == Function::equal) {  // a number is always an outcome
    for (const std::size_t side : {0u, 1u}) {
      const Expr position = e->args[side], value = e->args[1 - side];
      if (position->op != Op::Position || value->op != Op::Access || value->tensor->index_of == nullptr)
        continue;
      for (const Index& b : bound) {
        if (position->subscripts[0] == Subscript(b)) return &b;
      }
    }
  }
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

Expr at_values(Expr e, const std::vector<std::pair<const Tensor*, Index>>& values,
               const std::vector<Index>& copy) {
  return transform(e, [&](Expr n) {
    if (n->op != Op::Access) return n;
    for (const auto& [tensor, value] : values) {
      if (n->tensor != tensor || !is_read_at(n, copy)) continue;
      for (std::size_t p = 0; p < n->subscripts.size(); ++p) {
        if (n->tensor->axes[p] == value.axis)
          return make_delta(*n->context, n->subscripts[p], Subscript(value));
      }
    }
    return n;
  });
}

bool is_read_at(Expr access, const std::vector<Index>& copy) {
  for (std::size_t p = 0; p < access->subscripts.size(); ++p) {
    const auto own = std::find_if(copy.begin(), copy.end(),
                                  [&](const Index& i) { return i.axis == access->tensor->axes[p]; });
    if (own != copy.end() && !(access->subscripts[p] == Subscript(*own))) return false;
  }
  return true;
}

bool is_outcome(const Tensor* variable) { return variable->one_of || variable->index_of != nullptr; }

Index outcome_index(const Tensor* outcome) {
  if (outcome->index_of != nullptr) return {outcome->index_of, 0};
  const std::vector<Index> own = canonical_indices(outcome);
  return *std::find_if(own.begin(), own.end(), [](const Index& i) { return !i.axis->plate; });
}

Expr indicator(Context& context, const Tensor* outcome) {
  const Expr value = element(context, outcome);
  if (outcome->index_of == nullptr) return value;
  return make_map(Function::equal, {make_position(context, Subscript(outcome_index(outcome))), value});
}

std::vector<Index> indicator_indices(const Tensor* outcome) {
  std::vector<Index> out = canonical_indices(outcome);
  if (outcome->index_of != nullptr) out.push_back(outcome_index(outcome));
  return out;
}

}  // namespace freefall::elaborate

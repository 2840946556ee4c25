#include "codegen/equality/mutate.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace freefall::equality {
namespace {

using namespace ir;

void mutate_sum(Expr e, std::vector<Mutation>& out) {
  for (std::size_t k = 0; k < e->args.size(); ++k) {
    std::vector<Number> weights = e->weights;
    weights[k] = -weights[k];
    out.push_back({"sign", make_sum(*e->context, e->args, weights, e->value)});
    weights[k] = Number(2) * e->weights[k];
    out.push_back({"factor 2", make_sum(*e->context, e->args, weights, e->value)});
    weights[k] = Number::ratio(1, 2) * e->weights[k];
    out.push_back({"factor 1/2", make_sum(*e->context, e->args, weights, e->value)});
    if (e->args.size() > 1) {
      weights[k] = 0;
      out.push_back({"term dropped", make_sum(*e->context, e->args, weights, e->value)});
    }
  }
}

void mutate_product(Expr e, std::vector<Mutation>& out) {
  for (std::size_t k = 0; k < e->args.size(); ++k) {
    std::vector<Number> exponents = e->weights;
    exponents[k] = 0;
    const std::string what = e->args[k]->op == Op::Access
                                 ? fmt::format("'{}' dropped", e->args[k]->tensor->name)
                                 : "factor dropped";
    out.push_back({what, make_product(*e->context, e->args, exponents)});
    exponents[k] = -e->weights[k];
    if (e->args[k]->op == Op::Access)
      out.push_back({fmt::format("'{}' inverted", e->args[k]->tensor->name),
                     make_product(*e->context, e->args, exponents)});
  }
}

void mutate_access(Expr e, std::vector<Mutation>& out) {
  for (std::size_t i = 0; i < e->subscripts.size(); ++i) {
    for (std::size_t j = i + 1; j < e->subscripts.size(); ++j) {
      if (e->tensor->axes[i] != e->tensor->axes[j]) continue;
      std::vector<Subscript> subscripts = e->subscripts;
      std::swap(subscripts[i], subscripts[j]);
      out.push_back(
          {fmt::format("'{}' transposed", e->tensor->name), make_access(*e->context, e->tensor, subscripts)});
    }
  }
}

void mutate_map(Expr e, std::vector<Mutation>& out) {
  if (e->args.size() != 1) return;
  const Expr derivative = row(e->function).derivative(0, e->args, e);
  out.push_back(
      {fmt::format("{}' in place of {}", row(e->function).name, row(e->function).name), derivative});
  out.push_back({fmt::format("argument in place of {}", row(e->function).name), e->args[0]});
}

}  // namespace

std::vector<Mutation> mutations(Expr root) {
  std::vector<Mutation> out;
  const auto keep = [&](const std::string& mistake, Expr mutated) {
    const bool known =
        std::any_of(out.begin(), out.end(), [&](const Mutation& m) { return m.expression == mutated; });
    if (!(mutated == root) && !known) out.push_back({mistake, mutated});
  };
  keep("sign", -root);
  keep("factor 2", Number(2) * root);
  keep("factor 1/2", Number::ratio(1, 2) * root);
  for (const Expr e : topological({root})) {
    std::vector<Mutation> here;
    if (e->op == Op::Sum) mutate_sum(e, here);
    if (e->op == Op::Product) mutate_product(e, here);
    if (e->op == Op::Access) mutate_access(e, here);
    if (e->op == Op::Map) mutate_map(e, here);
    for (const Mutation& m : here) keep(m.mistake, replace(root, {{e, m.expression}}));
  }
  return out;
}

}  // namespace freefall::equality

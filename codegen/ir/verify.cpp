#include "codegen/ir/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "codegen/ir/print.hpp"

namespace freefall::ir {
namespace {

void require(bool holds, Expr e, std::string_view invariant) {
  if (holds) return;
  throw std::logic_error(
      fmt::format("this is a bug in freefall: a {} node breaks '{}': {}", name(e->op), invariant, print(e)));
}

// How many of each part a node has; -1 is any number.
struct Shape {
  int args, weights, subscripts, bound;
};

Shape shape(const Node& n) {
  const int subscripts = n.tensor != nullptr ? static_cast<int>(n.tensor->axes.size()) : 0;
  switch (n.op) {
    case Op::Constant:
    case Op::Extent: return {0, 0, 0, 0};
    case Op::Access: return {0, 0, subscripts, 0};
    case Op::Delta: return {0, 0, 2, 0};
    case Op::Range:
    case Op::Position: return {0, 0, 1, 0};
    case Op::Sum:
    case Op::Product: return {-1, static_cast<int>(n.args.size()), 0, 0};
    case Op::Contract: return {1, 0, 0, -1};
    case Op::Reduce: return n.reducer == Reducer::softmax ? Shape{1, 0, 1, 1} : Shape{1, 0, 0, -1};
    case Op::Map: return {row(n.function).arity, 0, 0, 0};
    case Op::Select: return {3, 0, 0, 0};
    case Op::Gather: return {subscripts, 0, 0, 0};
    case Op::Freeze: return {1, 0, 0, 0};
    case Op::Draw: return {0, 0, -1, 0};
    case Op::Inverse: return {1, 0, 2, 2};
    case Op::LogDet: return {1, 0, 0, 2};
  }
  throw std::logic_error("verify: unknown node");
}

void verify_parts(Expr e) {
  const Shape expected = shape(*e);
  const auto matches = [](int count, std::size_t size) {
    return count < 0 || static_cast<std::size_t>(count) == size;
  };
  require(matches(expected.args, e->args.size()), e, "number of arguments");
  require(matches(expected.weights, e->weights.size()), e, "number of weights");
  require(matches(expected.subscripts, e->subscripts.size()), e, "number of subscripts");
  require(matches(expected.bound, e->bound.size()), e, "number of bound indices");
  require(expected.bound >= 0 || !e->bound.empty(), e, "a binder binds at least one index");
  require((e->op == Op::Access || e->op == Op::Gather) == (e->tensor != nullptr), e, "tensor");
  require((e->op == Op::Extent || e->op == Op::Range) == (e->axis != nullptr), e, "axis");
  for (const Subscript& s : e->subscripts) {
    for (std::size_t k = 0; k < s.terms.size(); ++k) {
      require(s.terms[k].factor != 0, e, "factors of subscripts are not zero");
      require(k == 0 || s.terms[k - 1].index < s.terms[k].index, e, "subscripts are sorted");
    }
  }
}

void verify_terms(Expr e) {
  for (std::size_t k = 0; k < e->args.size(); ++k) {
    const Expr a = e->args[k];
    require(a->op != e->op && a->op != Op::Constant, e, "sums and products are flat");
    require(k == 0 || compare(e->args[k - 1], a) < 0, e, "terms are sorted and collected");
    require(!e->weights[k].is_zero(), e, "weights are not zero");
    if (e->op == Op::Sum) continue;
    require(e->weights[k].is_integer(), e, "exponents are integers");
    require(!(a->op == Op::Sum && a->args.size() == 1 && a->value.is_zero()), e,
            "coefficients stand in sums");
  }
  const bool single =
      e->args.size() == 1 && e->weights[0].is_one() && (e->op == Op::Product || e->value.is_zero());
  require(!e->args.empty() && !single, e, "no sum or product of one term");
}

void verify_derived(Expr e) {
  std::vector<Index> free;
  int height = 0;
  for (const Expr a : e->args) {
    require(a->context == e->context, e, "arguments belong to the same context");
    free.insert(free.end(), a->free.begin(), a->free.end());
    height = std::max(height, a->binding_height);
  }
  for (const Index& b : e->bound) {
    std::erase(free, b);
    height = std::max(height, -b.level);
  }
  for (const Subscript& s : e->subscripts) {
    for (const auto& t : s.terms) free.push_back(t.index);
  }
  std::sort(free.begin(), free.end());
  free.erase(std::unique(free.begin(), free.end()), free.end());
  require(free == e->free, e, "list of free indices");
  require(height == e->binding_height, e, "binding height");
}

void verify_binder(Expr e) {
  const Expr body = e->args[0];
  for (std::size_t k = 0; k < e->bound.size(); ++k) {
    const int label = body->binding_height + 1 + static_cast<int>(k);
    require(e->bound[k].level == -label, e, "labels are consecutive, above those of the body");
    if (e->op == Op::LogDet || e->op == Op::Inverse) continue;
    require(k == 0 || e->bound[k - 1].axis->name <= e->bound[k].axis->name, e,
            "bound indices are in order of axes");
  }
  if (e->op != Op::Contract) return;
  for (const Index& b : e->bound) require(body->depends_on(b), e, "a contracted index occurs in the body");
  require(body->op != Op::Contract, e, "contractions are flat");
  if (body->op != Op::Product) return;
  for (const Expr f : body->args) {
    const bool inside =
        std::any_of(e->bound.begin(), e->bound.end(), [&](const Index& b) { return f->depends_on(b); });
    require(inside, e, "factors that do not depend on a bound index stand outside");
  }
}

}  // namespace

void verify(Expr root) {
  for (const Index& i : root->free) require(!i.is_bound(), root, "no bound index is free at the root");
  for (const Expr e : topological({root})) {
    verify_parts(e);
    if (e->op == Op::Sum || e->op == Op::Product) verify_terms(e);
    if (!e->bound.empty()) verify_binder(e);
    verify_derived(e);
    require(e->context->intern(Node(*e)) == e, e, "nodes are unique");
    require(rebuild(e, e->args) == e, e, "construction builds no redex and canonical labels");
  }
}

}  // namespace freefall::ir

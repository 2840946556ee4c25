// Rewriting: substitution of indices, rebuilding over new arguments, traversal.

#include <algorithm>
#include <stdexcept>

#include "codegen/ir/expr.hpp"

namespace freefall::ir {
Subscript substitute(const Subscript& s, const Substitution& substitution) {
  Subscript out(s.offset);
  for (const auto& term : s.terms) {
    const auto at = std::find_if(substitution.begin(), substitution.end(),
                                 [&](const auto& p) { return p.first == term.index; });
    out.add(at == substitution.end() ? Subscript(term.index) : at->second, term.factor);
  }
  return out;
}

namespace {

Expr rebuild_with(Expr e, std::vector<Subscript> subscripts, const std::vector<Expr>& args) {
  Context& context = *e->context;
  switch (e->op) {
    case Op::Constant:
    case Op::Extent: return e;
    case Op::Access: return make_access(context, e->tensor, std::move(subscripts));
    case Op::Delta: return make_delta(context, std::move(subscripts[0]), std::move(subscripts[1]));
    case Op::Range: return make_range(context, e->axis, std::move(subscripts[0]));
    case Op::Position: return make_position(context, std::move(subscripts[0]));
    case Op::Sum: return make_sum(context, args, e->weights, e->value);
    case Op::Product: return make_product(context, args, e->weights);
    case Op::Contract: return make_contract(e->bound, args[0]);
    case Op::Reduce:
      if (e->reducer == Reducer::softmax) return make_softmax(e->bound[0], args[0], std::move(subscripts[0]));
      return make_reduce(e->reducer, e->bound, args[0]);
    case Op::Map: return args.empty() ? e : make_map(e->function, args);
    case Op::Select: return make_select(args[0], args[1], args[2]);
    case Op::Gather: return make_gather(context, e->tensor, args);
    case Op::Freeze: return make_freeze(args[0], e->name);
    case Op::Draw: return make_draw(context, e->name, std::move(subscripts));
    case Op::Inverse:
      return make_inverse(e->bound[0], e->bound[1], args[0], std::move(subscripts[0]),
                          std::move(subscripts[1]));
    case Op::LogDet: return make_log_det(e->bound[0], e->bound[1], args[0]);
  }
  throw std::logic_error("rebuild: unknown node");
}

}  // namespace

Expr rebuild(Expr e, const std::vector<Expr>& args) { return rebuild_with(e, e->subscripts, args); }

namespace {

// Whether a binder binds an index that some replacement mentions, which would be captured under it; or one
// that is replaced in the binder's own subscripts, where it means a binder further out: the body must not see
// that.
bool captures(Expr e, const Substitution& substitution) {
  const auto mentions = [&](const Index& b, const Subscript& s) {
    return std::any_of(s.terms.begin(), s.terms.end(), [&](const auto& t) { return t.index == b; });
  };
  return std::any_of(e->bound.begin(), e->bound.end(), [&](const Index& b) {
    return std::any_of(substitution.begin(), substitution.end(), [&](const auto& p) {
      return e->depends_on(p.first) && (p.first == b || mentions(b, p.second));
    });
  });
}

// The binder under free indices of its own, and its body.
std::pair<Node, Expr> open_binder(Expr e) {
  constexpr int kOpenedLevel = 1 << 27;
  Node node = *e;
  Substitution open;
  for (Index& b : node.bound) {
    open.emplace_back(b, Index{b.axis, kOpenedLevel - b.level});
    b = open.back().second.plain();
  }
  return {std::move(node), substitute(e->args[0], open)};
}

}  // namespace

Expr substitute(Expr root, const Substitution& requested) {
  // Without the pairs that change nothing: a binder that is made again over its own labels must not visit its
  // body, or every rename would walk through all binders below.
  Substitution substitution;
  for (const auto& p : requested) {
    if (!(p.second == Subscript(p.first))) substitution.push_back(p);
  }
  const auto touched = [&](Expr e) {
    return std::any_of(substitution.begin(), substitution.end(),
                       [&](const auto& p) { return e->depends_on(p.first); });
  };
  if (!touched(root)) return root;
  // Post-order with a memo over the part of the DAG that mentions a replaced index.
  std::unordered_map<const Node*, Expr> done;
  std::vector<std::pair<Expr, bool>> stack{{root, false}};
  while (!stack.empty()) {
    const auto [e, ready] = stack.back();
    stack.pop_back();
    if (done.contains(e.get())) continue;
    if (!touched(e)) {
      done[e.get()] = e;
    } else if (!ready) {
      stack.emplace_back(e, true);
      if (captures(e, substitution)) continue;
      for (const Expr a : e->args) stack.emplace_back(a, false);
    } else {
      std::vector<Subscript> subscripts;
      for (const Subscript& s : e->subscripts) subscripts.push_back(substitute(s, substitution));
      if (captures(e, substitution)) {  // rare: only rewrites that hold labels of outer binders come here
        const auto [node, body] = open_binder(e);
        done[e.get()] =
            rebuild_with(Expr(&node), std::move(subscripts), {ir::substitute(body, substitution)});
        continue;
      }
      std::vector<Expr> args;
      for (const Expr a : e->args) args.push_back(done.at(a.get()));
      done[e.get()] = rebuild_with(e, std::move(subscripts), args);
    }
  }
  return done.at(root.get());
}

std::vector<Expr> topological(const std::vector<Expr>& roots) {
  std::vector<Expr> out;
  std::unordered_set<const Node*> seen;
  std::vector<std::pair<Expr, bool>> stack;
  for (std::size_t i = roots.size(); i-- > 0;) stack.emplace_back(roots[i], false);
  while (!stack.empty()) {
    const auto [e, ready] = stack.back();
    stack.pop_back();
    if (ready) {
      out.push_back(e);
    } else if (seen.insert(e.get()).second) {
      stack.emplace_back(e, true);
      for (std::size_t i = e->args.size(); i-- > 0;) stack.emplace_back(e->args[i], false);
    }
  }
  return out;
}

Expr replace(Expr root, const std::vector<std::pair<Expr, Expr>>& table) {
  return transform(root, [&](Expr e) {
    for (const auto& [from, to] : table) {
      if (e == from) return to;
    }
    return e;
  });
}

std::vector<const Tensor*> tensors_of(Expr e) {
  std::vector<const Tensor*> out;
  for (const Expr n : topological({e})) {
    if (n->tensor != nullptr && std::find(out.begin(), out.end(), n->tensor) == out.end())
      out.push_back(n->tensor);
  }
  return out;
}

}  // namespace freefall::ir

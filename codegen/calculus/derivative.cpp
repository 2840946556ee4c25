#include "codegen/calculus/derivative.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "codegen/ir/expand.hpp"

namespace freefall::calculus {
namespace {

using namespace ir;

// Binders are opened on free indices of these levels, one for each label, so that shared sub-expressions stay
// shared and nothing is captured when an adjoint is contracted again. Users' indices have few primes.
constexpr int kOpenedLevel = 1000;
Index opened(const Index& bound) { return {bound.axis, kOpenedLevel - bound.level}; }

struct Partial {
  Expr arg;                 // opened, where the node binds
  std::vector<Index> open;  // indices of `arg` that the node sums over
  Expr local;               // d node / d arg over free(node) and `open`
  bool symmetric = false;   // the node reads the symmetric part of `arg` over `open`, `local` one half of it
};

Expr one(Expr like) { return make_constant(*like->context, 1); }

Expr open_body(Expr e, std::vector<Index>& open) {
  Substitution s;
  for (const Index& b : e->bound) {
    open.push_back(opened(b));
    s.emplace_back(b, open.back());
  }
  return substitute(e->args[0], s);
}

Expr inverse_at(const Node& n, Subscript row, Subscript column) {
  return make_inverse(n.bound[0], n.bound[1], n.args[0], std::move(row), std::move(column));
}

std::vector<Partial> product_partials(Expr e) {
  std::vector<Partial> out;
  for (std::size_t k = 0; k < e->args.size(); ++k) {
    std::vector<Number> exponents = e->weights;
    exponents[k] = exponents[k] - Number(1);
    out.push_back({e->args[k], {}, e->weights[k] * make_product(*e->context, e->args, exponents)});
  }
  return out;
}

std::vector<Partial> reduce_partials(Expr e) {
  std::vector<Index> open;
  const Expr body = open_body(e, open);
  switch (e->reducer) {
    case Reducer::log_sum_exp: return {{body, open, make_map(Function::exp, {body - e})}};
    case Reducer::max:  // where several elements tie, each counts
      return {{body, open, one(e) - make_map(Function::less, {body, e})}};
    case Reducer::softmax: {
      const Expr other = make_softmax(e->bound[0], e->args[0], Subscript(open[0]));
      return {{body, open, e * (make_delta(*e->context, e->subscripts[0], Subscript(open[0])) - other)}};
    }
  }
  throw std::logic_error("reduce_partials: unknown reducer");
}

// Derivatives with respect to each argument that carries one. Delta, Range, Draw, Freeze and integer-valued
// gather indices carry none.
std::vector<Partial> partials(Expr e) {
  std::vector<Partial> out;
  std::vector<Index> open;
  switch (e->op) {
    case Op::Sum:
      for (std::size_t k = 0; k < e->args.size(); ++k) {
        out.push_back({e->args[k], {}, make_constant(*e->context, e->weights[k])});
      }
      return out;
    case Op::Product: return product_partials(e);
    case Op::Contract: {
      const Expr body = open_body(e, open);
      return {{body, open, one(e)}};
    }
    case Op::Reduce: return reduce_partials(e);
    case Op::Map:
      for (std::size_t k = 0; k < e->args.size(); ++k) {
        out.push_back({e->args[k], {}, row(e->function).derivative(static_cast<int>(k), e->args, e)});
      }
      return out;
    case Op::Select:
      return {{e->args[1], {}, make_select(e->args[0], one(e), make_constant(*e->context, 0))},
              {e->args[2], {}, make_select(e->args[0], make_constant(*e->context, 0), one(e))}};
    case Op::Inverse: {
      const Expr body = open_body(e, open);
      return {
          {body, open,
           Number(-1) * inverse_at(*e, e->subscripts[0], open[0]) * inverse_at(*e, open[1], e->subscripts[1]),
           true}};
    }
    case Op::LogDet: {
      const Expr body = open_body(e, open);
      return {{body, open, inverse_at(*e, open[1], open[0])}};
    }
    case Op::Constant:
    case Op::Extent:
    case Op::Access:
    case Op::Delta:
    case Op::Range:
    case Op::Position:
    case Op::Gather:
    case Op::Freeze:
    case Op::Draw: return {};
  }
  throw std::logic_error("partials: unknown node");
}

// d node / d tensor[at] for the two nodes that read a tensor: an indicator of the element read.
Expr read_indicator(Expr e, const std::vector<Index>& at) {
  std::vector<Expr> factors;
  for (std::size_t p = 0; p < at.size(); ++p) {
    factors.push_back(
        e->op == Op::Access
            ? make_delta(*e->context, e->subscripts[p], Subscript(at[p]))
            : make_map(Function::equal, {e->args[p], make_position(*e->context, Subscript(at[p]))}));
  }
  if (e->tensor->zero_diagonal)  // what stands on the diagonal is not read, so nothing depends on it
    factors.push_back(make_constant(*e->context, 1) -
                      make_delta(*e->context, Subscript(at[0]), Subscript(at[1])));
  return make_product(*e->context, factors);
}

std::vector<Index> without(const std::vector<Index>& indices, const std::vector<Index>& removed) {
  std::vector<Index> out;
  std::set_difference(indices.begin(), indices.end(), removed.begin(), removed.end(),
                      std::back_inserter(out));
  return out;
}

// What a node sums over on the way to one argument: its own indices and those it binds, unless the argument
// has them.
std::vector<Index> summed(Expr e, const Partial& p) {
  std::vector<Index> all = e->free;
  all.insert(all.end(), p.open.begin(), p.open.end());
  std::sort(all.begin(), all.end());
  return without(all, p.arg->free);
}

struct Graph {
  std::vector<Expr> order;  // arguments first, through opened binders
  std::unordered_map<const Node*, std::vector<Partial>> partials;
};

bool reads_any(Expr e, const std::vector<const Tensor*>& tensors) {
  return (e->op == Op::Access || e->op == Op::Gather) &&
         std::find(tensors.begin(), tensors.end(), e->tensor) != tensors.end();
}

// The part of the DAG below f through which derivatives flow.
Graph differentiable_graph(Expr f, const std::vector<const Tensor*>& tensors) {
  Graph graph;
  std::unordered_map<const Node*, bool> active;
  std::vector<std::pair<Expr, bool>> stack{{f, false}};
  while (!stack.empty()) {
    const auto [e, ready] = stack.back();
    stack.pop_back();
    if (active.contains(e.get())) continue;
    if (!ready) {
      if (!graph.partials.contains(e.get())) graph.partials[e.get()] = partials(e);
      stack.emplace_back(e, true);
      for (const Partial& p : graph.partials[e.get()]) stack.emplace_back(p.arg, false);
    } else {
      auto& table = graph.partials[e.get()];
      std::erase_if(table, [&](const Partial& p) { return !active.at(p.arg.get()); });
      active[e.get()] = reads_any(e, tensors) || !table.empty();
      if (active[e.get()]) graph.order.push_back(e);
    }
  }
  return graph;
}

}  // namespace

Expr symmetric_part(Expr e, const Index& row, const Index& column) {
  const Expr transposed = substitute(e, {{row, column}, {column, row}});
  if (transposed == e) return e;
  // A' S A, summed over one index of S inside the other, shows its symmetry only when multiplied out.
  constexpr std::size_t kMostTerms = 200;
  const auto difference = try_expand(e - transposed, kMostTerms);
  if (difference && (*difference)->is_constant(0)) return e;
  return Number::ratio(1, 2) * (e + transposed);
}

std::vector<Expr> gradients(Expr f, const std::vector<const Tensor*>& with_respect_to) {
  if (!f->free.empty()) {
    throw std::invalid_argument(fmt::format(
        "gradient of an expression with the free index '{}': sum over it first", str(f->free[0])));
  }
  Context& context = *f->context;
  const Graph graph = differentiable_graph(f, with_respect_to);
  const Origin outer = context.origin;
  std::unordered_map<const Node*, std::vector<Expr>> adjoints;
  adjoints[f.get()] = {make_constant(context, 1)};
  std::vector<std::vector<Expr>> results(with_respect_to.size());
  for (std::size_t i = graph.order.size(); i-- > 0;) {
    const Expr e = graph.order[i];
    context.origin = e->origin;
    const Expr adjoint = make_sum(context, adjoints[e.get()]);
    for (const Partial& p : graph.partials.at(e.get())) {
      const Expr part = make_contract(summed(e, p), adjoint * p.local);
      adjoints[p.arg.get()].push_back(p.symmetric ? symmetric_part(part, p.open[0], p.open[1]) : part);
    }
    if (!reads_any(e, with_respect_to)) continue;
    const auto which =
        std::find(with_respect_to.begin(), with_respect_to.end(), e->tensor) - with_respect_to.begin();
    const Expr indicator = read_indicator(e, canonical_indices(e->tensor));
    results[static_cast<std::size_t>(which)].push_back(make_contract(e->free, adjoint * indicator));
  }
  context.origin = outer;
  std::vector<Expr> out;
  for (const auto& parts : results) out.push_back(make_sum(context, parts));
  return out;
}

Expr gradient(Expr f, const Tensor* with_respect_to) { return gradients(f, {with_respect_to})[0]; }

Expr directional_derivative(Expr f, const std::vector<Tangent>& tangents) {
  Context& context = *f->context;
  std::vector<const Tensor*> tensors;
  for (const Tangent& t : tangents) tensors.push_back(t.tensor);
  const Graph graph = differentiable_graph(f, tensors);
  std::unordered_map<const Node*, Expr> derivative;
  for (const Expr e : graph.order) {
    std::vector<Expr> parts;
    for (const Partial& p : graph.partials.at(e.get())) {
      const Expr inner = derivative.at(p.arg.get());
      parts.push_back(make_contract(
          p.open, p.local * (p.symmetric ? symmetric_part(inner, p.open[0], p.open[1]) : inner)));
    }
    for (const Tangent& t : tangents) {
      if (!reads_any(e, {t.tensor})) continue;
      // The direction is renamed apart from e's own indices, then read where e reads the tensor.
      Substitution apart;
      std::vector<Index> at;
      for (const Index& i : canonical_indices(t.tensor)) {
        at.push_back({i.axis, i.level + 2 * kOpenedLevel});
        apart.emplace_back(i, at.back());
      }
      parts.push_back(make_contract(at, read_indicator(e, at) * substitute(t.direction, apart)));
    }
    derivative[e.get()] = make_sum(context, parts);
  }
  const auto at = derivative.find(f.get());
  return at == derivative.end() ? make_constant(context, 0) : at->second;
}

}  // namespace freefall::calculus

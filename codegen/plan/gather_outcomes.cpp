#include "codegen/plan/gather_outcomes.hpp"

#include <algorithm>
#include <optional>

namespace freefall::plan {
namespace {

using namespace ir;

constexpr int kOpened = 9000;  // levels of indices nobody else uses

// v of an indicator [i = v] with v free of i, or null.
Expr value_of_indicator(Expr e, const Index& i) {
  if (e->op != Op::Map || e->function != Function::equal) return {};
  for (const std::size_t side : {0u, 1u}) {
    const Expr position = e->args[side], value = e->args[1 - side];
    if (position->op == Op::Position && position->subscripts[0] == Subscript(i) && !value->depends_on(i))
      return value;
  }
  return {};
}

// Where the value is one of the axis: an indicator, or null where the value might be no whole number. The
// number of an outcome is checked where a kernel begins.
Expr inside(Expr v, const Axis* axis) {
  if (v->op == Op::Position) return make_range(*v->context, axis, v->subscripts[0]);
  if (v->op == Op::Access && v->tensor->index_of == axis) return make_constant(*v->context, 1);
  return {};
}

// e with the value v in place of the index i, or nothing where i stands in anything but reads and positions.
std::optional<Expr> at_value(Expr e, const Index& i, Expr v) {
  bool possible = true;
  const Expr out = transform(e, [&](Expr n) {
    const bool here = std::any_of(n->subscripts.begin(), n->subscripts.end(), [&](const Subscript& s) {
      return std::any_of(s.terms.begin(), s.terms.end(), [&](const auto& t) { return t.index == i; });
    });
    if (!here) return n;
    const bool plain = std::all_of(n->subscripts.begin(), n->subscripts.end(),
                                   [&](const Subscript& s) { return s.is_plain() || s.terms.empty(); });
    if (plain && n->op == Op::Position) return v;
    if (!plain || n->op != Op::Access || n->tensor->zero_diagonal) {
      possible = false;
      return n;
    }
    std::vector<Expr> at;
    for (std::size_t p = 0; p < n->subscripts.size(); ++p) {
      const Subscript& s = n->subscripts[p];
      const bool own = s.terms.empty() || s.plain().axis == n->tensor->axes[p];
      possible = possible && own;  // an index over another axis could leave the array
      at.push_back(s == Subscript(i) ? v : make_position(*n->context, s));
    }
    return make_gather(*n->context, n->tensor, at);
  });
  if (!possible) return std::nullopt;
  return out;
}

Expr at_indicators(Expr n) {
  if (n->op != Op::Contract) return n;
  Substitution open, close;
  std::vector<Index> bound;
  for (std::size_t k = 0; k < n->bound.size(); ++k) {
    const Index free{n->bound[k].axis, kOpened + static_cast<int>(k)};
    open.emplace_back(n->bound[k], Subscript(free));
    bound.push_back(free);
  }
  Expr body = substitute(n->args[0], open);
  bool changed = false;
  for (std::size_t k = 0; k < bound.size();) {
    const std::vector<Expr> factors = body->op == Op::Product ? body->args : std::vector<Expr>{body};
    std::optional<Expr> without;
    for (std::size_t f = 0; f < factors.size() && !without; ++f) {
      if (body->op == Op::Product && !body->weights[f].is_one()) continue;
      const Expr v = value_of_indicator(factors[f], bound[k]);
      const Expr is_inside = v ? inside(v, bound[k].axis) : Expr();
      if (!is_inside) continue;
      const Expr rest = body->op == Op::Product ? replace(body, {{factors[f], make_constant(*n->context, 1)}})
                                                : make_constant(*n->context, 1);
      without = at_value(rest, bound[k], v);
      if (without) without = is_inside * *without;
    }
    if (without) {
      body = *without;
      bound.erase(bound.begin() + static_cast<std::ptrdiff_t>(k));
      changed = true;
    } else {
      ++k;
    }
  }
  return changed ? make_contract(bound, body) : n;
}

}  // namespace

Expr gather_outcomes(Expr e) {
  const auto nodes = topological({e});
  const bool any = std::any_of(nodes.begin(), nodes.end(), [](Expr n) { return n->op == Op::Position; });
  return any ? transform(e, at_indicators) : e;
}

void gather_outcomes(calculus::Steps& steps) {
  for (calculus::Step& step : steps) {
    if (calculus::Steps* body = calculus::body_of(step)) {
      gather_outcomes(*body);
      continue;
    }
    for (calculus::Assignment& a : std::get<calculus::Assign>(step.action).simultaneous)
      a.value = gather_outcomes(a.value);
  }
}

}  // namespace freefall::plan

#include "codegen/plan/gather_outcomes.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "codegen/ir/functions.hpp"
#include "codegen/ir/indicator.hpp"

namespace freefall::plan {
namespace {

using namespace ir;

constexpr int kOpened = 9000;  // levels of indices nobody else uses

// Where the value is one of the axis: an indicator, or null where the value might be no whole number. The
// number of an outcome is checked where a kernel begins.
Expr inside(Expr v, const Axis* axis) {
  if (v->op == Op::Position) return make_range(*v->context, axis, v->subscripts[0]);
  if (v->op == Op::Access && v->tensor->index_of == axis) return make_constant(*v->context, 1);
  return {};
}

// A matrix at an element outside its array is zero and has no inverse, also where an indicator is zero.
bool is_needed_inside(Expr e, const Index& i) {
  const auto nodes = topological({e});
  return std::any_of(nodes.begin(), nodes.end(), [&](Expr n) {
    return (n->op == Op::Inverse || n->op == Op::LogDet) && n->depends_on(i);
  });
}

// e with the value v in place of the index i, or nothing where i stands in anything but reads and positions.
std::optional<Expr> at_value(Expr e, const Index& i, Expr v) {
  if (v->op == Op::Position && v->subscripts[0].is_plain() && v->subscripts[0].plain().axis == i.axis)
    return substitute(e, {{i, v->subscripts[0]}});  // another name
  if (v->op == Op::Position && is_needed_inside(e, i)) return std::nullopt;
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

double volume(const std::vector<Index>& indices, const Specialisation& sizes) {
  double out = 1;
  for (const Index& i : indices) {
    if (!calculus::is_tick(i)) out *= static_cast<double>(sizes.extent(i.axis));
  }
  return out;
}

// Operations for all elements of a value that is computed from others.
double work(Expr n, const Specialisation& sizes) {
  if (n->op == Op::Map) return row(n->function).cost * volume(n->free, sizes);
  if (n->op == Op::Sum || n->op == Op::Product)
    return static_cast<double>(n->args.size()) * volume(n->free, sizes);
  if (n->op == Op::Reduce) return row(Function::exp).cost * volume(n->args[0]->free, sizes);
  return n->op == Op::Contract ? volume(n->args[0]->free, sizes) : 0;
}

// True if f for all i, summed with the indicator, is less than f at one value of i for each element.
bool is_cheaper_summed(Expr f, Expr at_one, const Index& i, const Specialisation& sizes) {
  const auto all = topological({f});
  double summed = 2 * volume(at_one->free, sizes) * static_cast<double>(sizes.extent(i.axis)), gathered = 0;
  for (const Expr n : all) summed += n->depends_on(i) ? work(n, sizes) : 0;
  for (const Expr n : topological({at_one}))
    gathered += std::find(all.begin(), all.end(), n) == all.end() ? work(n, sizes) : 0;
  return summed < gathered;
}

Expr at_indicators(Expr n, const Specialisation& sizes) {
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
      const Expr v = chosen_position(factors[f], bound[k]);
      const Expr is_inside = v ? inside(v, bound[k].axis) : Expr();
      if (!is_inside) continue;
      const Expr rest = body->op == Op::Product ? replace(body, {{factors[f], make_constant(*n->context, 1)}})
                                                : make_constant(*n->context, 1);
      without = at_value(rest, bound[k], v);
      if (without && is_cheaper_summed(rest, *without, bound[k], sizes)) without.reset();
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

// Arrays that hold an indicator of a number of an outcome at this place of the schedule, with its expression.
using OneHots = std::map<const Tensor*, Expr>;

void forget(OneHots& known, const std::vector<const Tensor*>& written) {
  const auto is_written = [&](const Tensor* t) {
    return std::find(written.begin(), written.end(), t) != written.end();
  };
  std::erase_if(known, [&](const auto& entry) {
    const auto reads = tensors_of(entry.second);
    return is_written(entry.first) || std::any_of(reads.begin(), reads.end(), is_written);
  });
}

bool is_one_hot(const calculus::Assignment& a) {
  const std::vector<Index> own = canonical_indices(a.target);
  return std::any_of(own.begin(), own.end(), [&](const Index& i) {
    const Expr v = chosen_position(a.value, i);
    return v && v->op == Op::Access && inside(v, i.axis);
  });
}

Expr with_indicators(Expr e, const OneHots& known) {
  if (known.empty()) return e;
  return transform(e, [&](Expr n) {
    const auto found = n->op == Op::Access ? known.find(n->tensor) : known.end();
    if (found == known.end()) return n;
    const std::vector<Index> own = canonical_indices(n->tensor);
    Substitution at;
    for (std::size_t p = 0; p < own.size(); ++p) at.emplace_back(own[p], n->subscripts[p]);
    return substitute(found->second, at);
  });
}

void gather_outcomes(calculus::Steps& steps, const Specialisation& sizes, OneHots known) {
  for (calculus::Step& step : steps) {
    if (calculus::Steps* body = calculus::body_of(step)) {
      forget(known, calculus::assigned(*body));  // also by an earlier pass
      gather_outcomes(*body, sizes, known);
      continue;
    }
    std::vector<const Tensor*> written;
    for (calculus::Assignment& a : std::get<calculus::Assign>(step.action).simultaneous) {
      a.value = plan::gather_outcomes(with_indicators(a.value, known), sizes);
      written.push_back(a.target);
    }
    forget(known, written);
    for (const calculus::Assignment& a : std::get<calculus::Assign>(step.action).simultaneous) {
      OneHots fresh;
      if (is_one_hot(a)) fresh.emplace(a.target, a.value);
      std::erase(written, a.target);
      forget(fresh, written);
      written.push_back(a.target);
      known.merge(fresh);
    }
  }
}

}  // namespace

Expr gather_outcomes(Expr e, const Specialisation& sizes) {
  const auto nodes = topological({e});
  const bool any = std::any_of(nodes.begin(), nodes.end(), [](Expr n) { return n->op == Op::Position; });
  return any ? transform(e, [&](Expr n) { return at_indicators(n, sizes); }) : e;
}

void gather_outcomes(calculus::Steps& steps, const Specialisation& sizes) {
  gather_outcomes(steps, sizes, {});
}

}  // namespace freefall::plan

// Construction: each make_ function returns the canonical node, so that no redex is ever built.

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <numeric>
#include <stdexcept>

#include "codegen/ir/expr.hpp"
#include "codegen/ir/indicator.hpp"
#include "codegen/ir/label.hpp"

namespace freefall::ir {
namespace {

struct Term {
  Expr base;
  Number weight;
};

// Sorts by structure and adds the weights of equal terms; drops those whose weight is zero.
void collect_terms(std::vector<Term>& terms) {
  std::sort(terms.begin(), terms.end(),
            [](const Term& a, const Term& b) { return compare(a.base, b.base) < 0; });
  std::vector<Term> out;
  for (const Term& t : terms) {
    if (!out.empty() && out.back().base == t.base) {
      out.back().weight = out.back().weight + t.weight;
    } else {
      out.push_back(t);
    }
  }
  std::erase_if(out, [](const Term& t) { return t.weight.is_zero(); });
  terms = std::move(out);
}

// What a sum gives up when it becomes a factor, so that 2 a - 2 b and b - a share the factor a - b: the
// magnitude that all its weights have in common, and the sign of the first random variable (a prediction
// error keeps its sign), else of the constant (1 - y^2 keeps its), else of the first term. Weights of several
// magnitudes stay as the user wrote them.
Number leading_weight(Expr sum) {
  std::size_t lead = sum->args.size();
  for (std::size_t i = sum->args.size(); i-- > 0;) {
    if (sum->args[i]->op == Op::Access && sum->args[i]->tensor->role == Role::variable) lead = i;
  }
  const bool by_constant = lead == sum->args.size() && !sum->value.is_zero();
  const Number& w = by_constant ? sum->value : sum->weights[lead == sum->args.size() ? 0 : lead];
  const auto same_magnitude = [&](const Number& other) { return other == w || other == -w; };
  const bool uniform = w.is_exact() &&
                       std::all_of(sum->weights.begin(), sum->weights.end(), same_magnitude) &&
                       (sum->value.is_zero() || same_magnitude(sum->value));
  return uniform ? w : Number(w.is_negative() ? -1 : 1);
}

bool is_scaled_term(Expr e) { return e->op == Op::Sum && e->args.size() == 1 && e->value.is_zero(); }

// A Delta solved for one of its indices, `index = replacement`, if the index has factor 1 or -1.
bool solves(const Node& delta, const Index& index, Subscript& replacement) {
  for (std::size_t side = 0; side < 2; ++side) {
    for (const auto& term : delta.subscripts[side].terms) {
      if (!(term.index == index) || std::abs(term.factor) != 1) continue;
      Subscript rest =
          delta.subscripts[side];  // factor * index + rest = other  =>  index = factor * (other - rest)
      rest.add(Subscript(index), -term.factor);
      replacement = Subscript();
      replacement.add(delta.subscripts[1 - side], term.factor).add(rest, -term.factor);
      return true;
    }
  }
  return false;
}

Expr make_binder(Node&& node, Expr body) {
  const Labelled labelled = label_canonically(node.bound, body);
  node.bound = labelled.bound;
  node.args = {make_sum(*body->context, {labelled.body}, {labelled.weight})};
  return body->context->intern(std::move(node));
}

// Groups the factors of a product that are linked through bound indices.
std::vector<std::vector<std::size_t>> connected_groups(const Node& product, const std::vector<Index>& bound) {
  std::vector<std::size_t> group(product.args.size());
  std::iota(group.begin(), group.end(), std::size_t{0});
  const auto find = [&](std::size_t i) {
    while (group[i] != i) i = group[i];
    return i;
  };
  for (const Index& index : bound) {
    std::size_t first = product.args.size();
    for (std::size_t i = 0; i < product.args.size(); ++i) {
      if (!product.args[i]->depends_on(index)) continue;
      if (first == product.args.size()) {
        first = i;
      } else {
        const std::size_t a = find(first), b = find(i);
        group[std::max(a, b)] = std::min(a, b);
      }
    }
  }
  std::map<std::size_t, std::vector<std::size_t>> by_root;
  for (std::size_t i = 0; i < group.size(); ++i) by_root[find(i)].push_back(i);
  std::vector<std::vector<std::size_t>> out;
  for (auto& [root, members] : by_root) out.push_back(std::move(members));
  return out;
}

}  // namespace

Expr make_constant(Context& context, const Number& value) {
  Node n;
  n.op = Op::Constant;
  n.value = value;
  return context.intern(std::move(n));
}

Expr make_extent(Context& context, const Axis* axis) {
  Node n;
  n.op = Op::Extent;
  n.axis = axis;
  return context.intern(std::move(n));
}

Expr make_access(Context& context, const Tensor* tensor, std::vector<Subscript> subscripts) {
  if (subscripts.size() != tensor->axes.size()) {
    throw std::invalid_argument(fmt::format("'{}' has {} axes but is accessed with {} subscripts",
                                            tensor->name, tensor->axes.size(), subscripts.size()));
  }
  if (tensor->zero_diagonal && subscripts[0] == subscripts[1]) return make_constant(context, 0);
  Node n;
  n.op = Op::Access;
  n.tensor = tensor;
  n.subscripts = std::move(subscripts);
  return context.intern(std::move(n));
}

Expr make_delta(Context& context, Subscript a, Subscript b) {
  Subscript difference = a;
  difference.add(b, -1);
  if (difference.terms.empty()) return make_constant(context, difference.offset == 0 ? 1 : 0);
  // Normal form: lowest terms, each index on one side, the first on the left, an offset where it is positive.
  int divisor = 0;
  for (const auto& t : difference.terms) divisor = std::gcd(divisor, t.factor);
  if (difference.offset % divisor != 0) return make_constant(context, 0);
  if (difference.terms[0].factor < 0) divisor = -divisor;
  a = Subscript(std::max(difference.offset / divisor, 0));
  b = Subscript(std::max(-difference.offset / divisor, 0));
  for (const auto& t : difference.terms) {
    const int factor = t.factor / divisor;
    (factor > 0 ? a : b).add(Subscript(t.index), std::abs(factor));
  }
  Node n;
  n.op = Op::Delta;
  n.subscripts = {std::move(a), std::move(b)};
  return context.intern(std::move(n));
}

Expr make_range(Context& context, const Axis* axis, Subscript subscript) {
  if (subscript.is_plain() && subscript.plain().axis == axis) return make_constant(context, 1);
  Node n;
  n.op = Op::Range;
  n.axis = axis;
  n.subscripts = {std::move(subscript)};
  return context.intern(std::move(n));
}

Expr make_position(Context& context, Subscript subscript) {
  if (subscript.terms.empty()) return make_constant(context, subscript.offset);
  Node n;
  n.op = Op::Position;
  n.subscripts = {std::move(subscript)};
  return context.intern(std::move(n));
}

Expr make_sum(Context& context, const std::vector<Expr>& args, const std::vector<Number>& weights,
              const Number& constant) {
  std::vector<Term> terms;
  Number total = constant;
  const auto add = [&](Expr e, const Number& weight) {
    if (e->op == Op::Constant) {
      total = total + weight * e->value;
    } else if (e->op == Op::Sum) {
      total = total + weight * e->value;
      for (std::size_t i = 0; i < e->args.size(); ++i) terms.push_back({e->args[i], weight * e->weights[i]});
    } else {
      terms.push_back({e, weight});
    }
  };
  for (std::size_t i = 0; i < args.size(); ++i) add(args[i], weights.empty() ? Number(1) : weights[i]);
  collect_terms(terms);
  if (terms.empty()) return make_constant(context, total);
  if (terms.size() == 1 && terms[0].weight.is_one() && total.is_zero()) return terms[0].base;
  Node n;
  n.op = Op::Sum;
  n.value = total;
  for (const Term& t : terms) {
    n.args.push_back(t.base);
    n.weights.push_back(t.weight);
  }
  return context.intern(std::move(n));
}

namespace {

// A choice of which one branch is zero, or a sum of such choices by one condition as one choice; else null.
Expr guard_of(Expr e) {
  const auto is_dead = [](Expr choice, std::size_t branch) {
    return choice->op == Op::Select && choice->args[branch]->is_constant(0);
  };
  if (is_dead(e, 1) || is_dead(e, 2)) return e;
  if (e->op != Op::Sum || !e->value.is_zero()) return {};
  const Expr first = e->args[0];
  const std::size_t dead = is_dead(first, 1) ? 1 : 2;
  const bool all = std::all_of(e->args.begin(), e->args.end(), [&](Expr choice) {
    return is_dead(choice, dead) && choice->args[0] == first->args[0];
  });
  if (!all) return {};
  std::vector<Expr> live;
  for (const Expr choice : e->args) live.push_back(choice->args[3 - dead]);
  const Expr value = make_sum(*e->context, live, e->weights), zero = make_constant(*e->context, 0);
  return dead == 1 ? make_select(first->args[0], zero, value) : make_select(first->args[0], value, zero);
}

// True for a softmax read along the whole of its axis by this index and by no other part of it.
bool is_softmax_along(Expr e, const Index& i) {
  return e->op == Op::Reduce && e->reducer == Reducer::softmax && e->subscripts[0] == Subscript(i) &&
         e->bound[0].axis == i.axis && !e->args[0]->depends_on(i);
}

// True if factor n of the product is a distribution over the index and no other factor depends on it.
bool sums_to_one(const Node& product, std::size_t n, const Index& i) {
  if (!product.weights[n].is_one() || !is_softmax_along(product.args[n], i)) return false;
  for (std::size_t other = 0; other < product.args.size(); ++other) {
    if (other != n && product.args[other]->depends_on(i)) return false;
  }
  return true;
}

}  // namespace

Expr make_product(Context& context, const std::vector<Expr>& args, const std::vector<Number>& exponents) {
  std::vector<Term> factors;
  Number coefficient = 1;
  const auto add = [&](Expr e, const Number& exponent) {
    if (e->op == Op::Constant) {
      coefficient = coefficient * power(e->value, exponent.numerator());
    } else if (e->op == Op::Product) {
      for (std::size_t i = 0; i < e->args.size(); ++i)
        factors.push_back({e->args[i], exponent * e->weights[i]});
    } else {
      factors.push_back({e, exponent});
    }
  };
  for (std::size_t i = 0; i < args.size(); ++i) {
    const Number exponent = exponents.empty() ? Number(1) : exponents[i];
    if (exponent.is_zero()) continue;
    if (is_scaled_term(args[i])) {
      coefficient = coefficient * power(args[i]->weights[0], exponent.numerator());
      add(args[i]->args[0], exponent);
    } else if (args[i]->op == Op::Sum && !(args.size() == 1 && exponent.is_one())) {
      const Number lead = leading_weight(args[i]);
      coefficient = coefficient * power(lead, exponent.numerator());
      add(make_sum(context, {args[i]}, {power(lead, -1)}), exponent);
    } else {
      add(args[i], exponent);
    }
  }
  if (coefficient.is_zero()) return make_constant(context, 0);
  collect_terms(factors);
  for (Term& f : factors) {  // indicator functions are their own powers
    if (is_indicator(f.base) && !f.weight.is_negative()) f.weight = 1;
  }
  if (factors.empty()) return make_constant(context, coefficient);
  // A guard takes the whole product into its live branch, so that 0 * (1/0) of the dead branch is never
  // formed.
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const bool alone = factors.size() == 1 && factors[i].weight.is_one();
    const Expr guard = factors[i].weight.is_negative() || alone ? Expr() : guard_of(factors[i].base);
    if (!guard) continue;
    const auto branch = [&](Expr value) {
      if (value->is_constant(0)) return value;
      std::vector<Expr> all;
      std::vector<Number> powers;
      for (const Term& f : factors) {
        all.push_back(f.base == factors[i].base ? value : f.base);
        powers.push_back(f.weight);
      }
      return make_product(context, all, powers);
    };
    const Expr whole = make_select(guard->args[0], branch(guard->args[1]), branch(guard->args[2]));
    return make_sum(context, {whole}, {coefficient});
  }
  Expr out = factors[0].base;
  if (factors.size() > 1 || !factors[0].weight.is_one()) {
    Node n;
    n.op = Op::Product;
    for (const Term& f : factors) {
      n.args.push_back(f.base);
      n.weights.push_back(f.weight);
    }
    out = context.intern(std::move(n));
  }
  return coefficient.is_one() ? out : make_sum(context, {out}, {coefficient});
}

namespace {

// The product without factor n.
Expr without_factor(const Node& product, std::size_t n) {
  std::vector<Expr> args = product.args;
  std::vector<Number> exponents = product.weights;
  args.erase(args.begin() + static_cast<std::ptrdiff_t>(n));
  exponents.erase(exponents.begin() + static_cast<std::ptrdiff_t>(n));
  return make_product(*product.context, args, exponents);
}

}  // namespace

Expr make_contract(const std::vector<Index>& bound, Expr body) {
  Context& context = *body->context;
  std::vector<Index> indices;
  std::vector<Expr> outside;
  for (const Index& index : bound) {
    if (body->depends_on(index)) {
      indices.push_back(index);
    } else {
      outside.push_back(make_extent(context, index.axis));
    }
  }
  if (!outside.empty()) {
    outside.push_back(indices.empty() ? body : make_contract(indices, body));
    return make_product(context, outside);
  }
  if (indices.empty()) return body;
  if (is_scaled_term(body))
    return make_sum(context, {make_contract(indices, body->args[0])}, {body->weights[0]});
  if (body->op == Op::Contract) {
    indices.insert(indices.end(), body->bound.begin(), body->bound.end());
    return make_contract(indices, body->args[0]);
  }
  // A delta over a bound index is a substitution; the replaced index must stay inside its axis. A plain
  // renaming needs no guard and goes first; else the structurally smallest result wins.
  const auto eliminate = [&](const Node& delta, Expr rest) -> Expr {
    Expr best;
    for (const Index& gone : indices) {
      Subscript replacement;
      if (!solves(delta, gone, replacement)) continue;
      std::vector<Index> left = indices;
      std::erase(left, gone);
      const Expr guard = make_range(context, gone.axis, replacement);
      const Expr e =
          make_contract(left, make_product(context, {substitute(rest, {{gone, replacement}}), guard}));
      if (guard->is_constant(1)) return e;
      if (!best || compare(e, best) < 0) best = e;
    }
    return best;
  };
  if (body->op == Op::Delta) {
    if (const Expr e = eliminate(*body, make_constant(context, 1))) return e;
  }
  if (indices.size() == 1 && is_softmax_along(body, indices[0])) return make_constant(context, 1);
  if (body->op == Op::Product) {
    for (std::size_t i = 0; i < body->args.size(); ++i) {
      if (body->args[i]->op != Op::Delta) continue;
      if (const Expr e = eliminate(*body->args[i], without_factor(*body, i))) return e;
    }
    for (std::size_t i = 0; i < body->args.size(); ++i) {
      const auto summed = std::find_if(indices.begin(), indices.end(),
                                       [&](const Index& index) { return sums_to_one(*body, i, index); });
      if (summed == indices.end()) continue;
      indices.erase(summed);
      return make_contract(indices, without_factor(*body, i));
    }
    const auto groups = connected_groups(*body, indices);
    if (groups.size() > 1) {
      std::vector<Expr> parts;
      for (const auto& members : groups) {
        std::vector<Expr> factors;
        std::vector<Number> exponents;
        for (const std::size_t m : members) {
          factors.push_back(body->args[m]);
          exponents.push_back(body->weights[m]);
        }
        const Expr part = make_product(context, factors, exponents);
        std::vector<Index> mine;
        for (const Index& index : indices) {
          if (part->depends_on(index)) mine.push_back(index);
        }
        parts.push_back(make_contract(mine, part));
      }
      return make_product(context, parts);
    }
  }
  const Labelled labelled = label_canonically(indices, body);
  if (labelled.antisymmetric) return make_constant(context, 0);
  Node n;
  n.op = Op::Contract;
  n.bound = labelled.bound;
  n.args = {labelled.body};
  return make_sum(context, {context.intern(std::move(n))}, {labelled.weight});
}

Expr make_reduce(Reducer reducer, const std::vector<Index>& bound, Expr body) {
  Node n;
  n.op = Op::Reduce;
  n.reducer = reducer;
  n.bound = bound;
  // What does not depend on an index is its own maximum along it, and adds up to as many copies of e^body.
  std::vector<Expr> repeats;
  std::erase_if(n.bound, [&](const Index& i) {
    if (body->depends_on(i)) return false;
    repeats.push_back(make_map(Function::log, {make_extent(*body->context, i.axis)}));
    return true;
  });
  const Expr out = n.bound.empty() ? body : make_binder(std::move(n), body);
  return reducer == Reducer::max || repeats.empty() ? out : out + make_sum(*body->context, repeats);
}

Expr make_softmax(Index index, Expr body, Subscript at) {
  if (!body->depends_on(index)) {
    Context& context = *body->context;
    return make_range(context, index.axis, std::move(at)) / make_extent(context, index.axis);
  }
  Node n;
  n.op = Op::Reduce;
  n.reducer = Reducer::softmax;
  n.bound = {index};
  n.subscripts = {std::move(at)};
  return make_binder(std::move(n), body);
}

Expr make_pi(Context& context) {
  Node n;
  n.op = Op::Map;
  n.function = Function::pi;
  return context.intern(std::move(n));
}

Expr make_map(Function function, std::vector<Expr> args) {
  Context& context = *args.at(0)->context;
  const Expr x = args[0];
  const auto inverse_pair = [&](Function outer, Function inner) {
    return function == outer && x->op == Op::Map && x->function == inner;
  };
  // exp and log undo each other; both hold wherever the inner function is defined.
  if (inverse_pair(Function::log, Function::exp) || inverse_pair(Function::exp, Function::log))
    return x->args[0];
  if (x->op == Op::Constant) {
    if (function == Function::log && x->is_constant(1)) return make_constant(context, 0);
    if (function == Function::exp && x->is_constant(0)) return make_constant(context, 1);
    if (function == Function::sqrt && (x->is_constant(0) || x->is_constant(1))) return x;
    if (function == Function::step)
      return make_constant(context, !x->value.is_zero() && !x->value.is_negative() ? 1 : 0);
    const bool odd = function == Function::tanh || function == Function::sin || function == Function::relu ||
                     function == Function::sign;
    if (odd && x->is_constant(0)) return x;
  }
  Node n;
  n.op = Op::Map;
  n.function = function;
  n.args = std::move(args);
  return context.intern(std::move(n));
}

Expr make_select(Expr condition, Expr positive, Expr otherwise) {
  if (positive == otherwise) return positive;
  if (condition->op == Op::Constant)
    return !condition->value.is_zero() && !condition->value.is_negative() ? positive : otherwise;
  // A choice already made is not made again; a coefficient of a guarded term stands outside.
  const auto chosen = [&](Expr e, std::size_t branch) {
    return e->op == Op::Select && e->args[0] == condition ? e->args[branch] : e;
  };
  if (chosen(positive, 1) != positive || chosen(otherwise, 2) != otherwise) {
    return make_select(condition, chosen(positive, 1), chosen(otherwise, 2));
  }
  const auto scaled = [&](Expr term, Expr zero) {
    const bool number = term->op == Op::Constant && !term->value.is_zero() && !term->value.is_one();
    return zero->is_constant(0) && (number || is_scaled_term(term));
  };
  const auto pulled = [&](Expr term, auto&& guarded) {
    Context& context = *condition->context;
    if (term->op == Op::Constant)
      return make_sum(context, {guarded(make_constant(context, 1))}, {term->value});
    return make_sum(context, {guarded(term->args[0])}, {term->weights[0]});
  };
  if (scaled(positive, otherwise)) {
    return pulled(positive, [&](Expr term) { return make_select(condition, term, otherwise); });
  }
  if (scaled(otherwise, positive)) {
    return pulled(otherwise, [&](Expr term) { return make_select(condition, positive, term); });
  }
  Node n;
  n.op = Op::Select;
  n.args = {condition, positive, otherwise};
  return condition->context->intern(std::move(n));
}

Expr make_gather(Context& context, const Tensor* tensor, std::vector<Expr> indices) {
  if (indices.size() != tensor->axes.size()) {
    throw std::invalid_argument(fmt::format("'{}' has {} axes but is gathered with {} indices", tensor->name,
                                            tensor->axes.size(), indices.size()));
  }
  Node n;
  n.op = Op::Gather;
  n.tensor = tensor;
  n.args = std::move(indices);
  return context.intern(std::move(n));
}

Expr make_freeze(Expr body, std::string_view point) {
  if (body->op == Op::Constant || body->op == Op::Freeze) return body;
  Node n;
  n.op = Op::Freeze;
  n.name = point;
  n.args = {body};
  return body->context->intern(std::move(n));
}

Expr make_draw(Context& context, std::string_view stream, std::vector<Subscript> subscripts) {
  Node n;
  n.op = Op::Draw;
  n.name = stream;
  n.subscripts = std::move(subscripts);
  return context.intern(std::move(n));
}

namespace {
// A matrix binder binds (row, column) in this order; labels follow the order, they are not interchangeable.
Expr make_matrix_binder(Node&& n, Index first, Index second, Expr body) {
  n.bound = label_in_order({first, second}, body);
  n.args = {body};
  return body->context->intern(std::move(n));
}
}  // namespace

Expr make_inverse(Index first, Index second, Expr body, Subscript row, Subscript column) {
  if (compare(column, row) < 0) std::swap(row, column);  // the inverse of a symmetric matrix is symmetric
  Node n;
  n.op = Op::Inverse;
  n.subscripts = {std::move(row), std::move(column)};
  return make_matrix_binder(std::move(n), first, second, body);
}

Expr make_log_det(Index first, Index second, Expr body) {
  Node n;
  n.op = Op::LogDet;
  return make_matrix_binder(std::move(n), first, second, body);
}

std::vector<Index> canonical_indices(const Tensor* tensor) {
  std::vector<Index> out;
  for (const Axis* axis : tensor->axes) {
    const auto seen = std::count_if(out.begin(), out.end(), [&](const Index& i) { return i.axis == axis; });
    out.push_back({axis, static_cast<int>(seen)});
  }
  return out;
}

Expr element(Context& context, const Tensor* tensor) {
  std::vector<Subscript> subscripts;
  for (const Index& i : canonical_indices(tensor)) subscripts.emplace_back(i);
  return make_access(context, tensor, std::move(subscripts));
}

Expr operator+(Expr a, Expr b) { return make_sum(*a->context, {a, b}); }
Expr operator-(Expr a, Expr b) { return make_sum(*a->context, {a, b}, {1, -1}); }
Expr operator-(Expr a) { return make_sum(*a->context, {a}, {-1}); }
Expr operator*(Expr a, Expr b) { return make_product(*a->context, {a, b}); }
Expr operator/(Expr a, Expr b) { return make_product(*a->context, {a, b}, {1, -1}); }
Expr operator*(const Number& a, Expr b) { return make_sum(*b->context, {b}, {a}); }
Expr operator+(Expr a, const Number& b) { return make_sum(*a->context, {a}, {1}, b); }
Expr power(Expr base, int exponent) { return make_product(*base->context, {base}, {exponent}); }

}  // namespace freefall::ir

#include "codegen/plan/factor_products.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <optional>
#include <set>

#include "codegen/plan/contraction_order.hpp"

namespace freefall::plan {
namespace {

using namespace ir;

constexpr int kOpened = 9500;  // and above: levels of indices nobody else uses

struct Factors {
  std::vector<Expr> args;
  std::vector<Number> exponents;
};

// A term of a sum: a contraction times what does not take part in it, which is 1 for most.
struct Term {
  Expr contraction, outside;
};

std::optional<Term> split(Expr e) {
  if (e->op == Op::Contract) return Term{e, make_constant(*e->context, 1)};
  if (e->op != Op::Product) return std::nullopt;
  std::optional<Term> out;
  for (std::size_t i = 0; i < e->args.size(); ++i) {
    if (e->args[i]->op != Op::Contract || !e->weights[i].is_one()) continue;
    if (out) return std::nullopt;
    out = Term{e->args[i], replace(e, {{e->args[i], make_constant(*e->context, 1)}})};
  }
  return out;
}

// A sum over indices, opened: sum over `summed` of the product of `factors`.
struct OpenContraction {
  std::vector<Index> summed;
  Factors factors;
};

OpenContraction open(Expr contraction, int level) {
  OpenContraction out;
  Substitution names;
  for (std::size_t k = 0; k < contraction->bound.size(); ++k) {
    out.summed.push_back({contraction->bound[k].axis, level + static_cast<int>(k)});
    names.emplace_back(contraction->bound[k], Subscript(out.summed.back()));
  }
  const Expr body = substitute(contraction->args[0], names);
  if (body->op == Op::Product) {
    out.factors = {body->args, body->weights};
  } else {
    out.factors = {{body}, {Number(1)}};
  }
  return out;
}

class Factoring {
 public:
  /// In how many passes a value is the same.
  using Passes = std::function<double(Expr)>;
  Factoring(const Specialisation& sizes, Passes passes) : sizes_(sizes), passes_(std::move(passes)) {}

  /// Until nothing changes: bound again, the indices of what has come together may stand in an order in which
  /// it shares more.
  Expr exhaust(Expr root) {
    for (Expr before; !(before == root);) {
      before = root;
      root = run(root);
    }
    return root;
  }

 private:
  Expr run(Expr root) {
    return transform(root, [&](Expr e) { return e->op == Op::Sum ? sum(e) : e; });
  }

  Expr sum(Expr e) {
    for (std::size_t a = 0; a < e->args.size(); ++a) {
      for (std::size_t b = a + 1; b < e->args.size(); ++b) {
        const std::optional<Expr> joined = join(e, a, b);
        if (!joined) continue;
        std::vector<Expr> args = {*joined};
        std::vector<Number> weights = {1};
        for (std::size_t i = 0; i < e->args.size(); ++i) {
          if (i == a || i == b) continue;
          args.push_back(e->args[i]);
          weights.push_back(e->weights[i]);
        }
        const Expr out = make_sum(*e->context, args, weights, e->value);
        return out->op == Op::Sum ? sum(out) : out;
      }
    }
    return e;
  }

  // weights[a] args[a] + weights[b] args[b] as one contraction.
  std::optional<Expr> join(Expr e, std::size_t a, std::size_t b) {
    const std::optional<Term> one = split(e->args[a]), other = split(e->args[b]);
    if (!one || !other || !(one->outside == other->outside)) return std::nullopt;
    const Expr first = one->contraction, second = other->contraction;
    const Number& weight = e->weights[a];
    const bool same_weight = e->weights[b] == weight;
    if (first->bound != second->bound || !(same_weight || e->weights[b] == -weight)) return std::nullopt;
    const OpenContraction left = open(first, level_), right = open(second, level_);
    Factors shared, own_left, own_right = right.factors;
    for (std::size_t i = 0; i < left.factors.args.size(); ++i) {
      std::size_t at = 0;
      while (at < own_right.args.size() && !(own_right.args[at] == left.factors.args[i] &&
                                             own_right.exponents[at] == left.factors.exponents[i]))
        ++at;
      const bool both = at < own_right.args.size();
      (both ? shared : own_left).args.push_back(left.factors.args[i]);
      (both ? shared : own_left).exponents.push_back(left.factors.exponents[i]);
      if (!both) continue;
      own_right.args.erase(own_right.args.begin() + static_cast<std::ptrdiff_t>(at));
      own_right.exponents.erase(own_right.exponents.begin() + static_cast<std::ptrdiff_t>(at));
    }
    if (shared.args.empty()) return std::nullopt;
    const auto product = [&](const Factors& f) { return make_product(*e->context, f.args, f.exponents); };
    const Expr rest_left = product(own_left), rest_right = product(own_right);
    Factors joined = shared;
    joined.args.push_back(rest_left + rest_right);
    std::set<Index> all;
    for (const Expr f : joined.args) all.insert(f->free.begin(), f->free.end());
    const double elements = volume(joined.args.back()->free), most = volume({all.begin(), all.end()}),
                 saved = work(left.factors, left.summed) + work(right.factors, left.summed) -
                         work(joined, left.summed);
    if (elements > most) return std::nullopt;
    const int outer = level_;
    level_ += static_cast<int>(left.summed.size());  // the rest reads the indices opened here
    const Expr rest = run(same_weight ? rest_left + rest_right : rest_left - rest_right);
    level_ = outer;
    const bool came_together = rest->op != Op::Sum || rest->args.size() == 1;
    const double passes = std::min(passes_(rest_left), passes_(rest_right));
    const bool pays = elements * pointwise(rest) <= 2 * saved * passes;
    if (!came_together && (!pays || (elements == most && passes == 1))) return std::nullopt;
    return weight * (one->outside * make_contract(left.summed, product(shared) * rest));
  }

  // Multiplications, two factors at a time.
  double work(const Factors& factors, const std::vector<Index>& summed) const {
    std::vector<std::vector<Index>> operands;
    for (const Expr f : factors.args) operands.push_back(f->free);
    return operands.size() == 1
               ? volume(operands[0])
               : multiplications(operands, contraction_order(operands, summed, sizes_), sizes_);
  }

  // Additions and multiplications for each element, of which none may be known from elsewhere; what takes
  // longer has a buffer and is shared.
  static double pointwise(Expr root) {
    double out = 0;
    std::vector<Expr> open{root};
    while (!open.empty()) {
      const Expr e = open.back();
      open.pop_back();
      if (e->op != Op::Sum && e->op != Op::Product) continue;
      out += static_cast<double>(e->args.size() - 1);
      for (const Number& w : e->weights) out += w == Number(1) || w == Number(-1) ? 0 : 1;
      open.insert(open.end(), e->args.begin(), e->args.end());
    }
    return out;
  }

  double volume(const std::vector<Index>& indices) const {
    double out = 1;
    for (const Index& i : indices) out *= static_cast<double>(sizes_.extent(i.axis));
    return out;
  }

  const Specialisation& sizes_;
  Passes passes_;
  int level_ = kOpened;
};

calculus::Steps run(const calculus::Steps& steps, const Specialisation& sizes, double count,
                    const std::vector<const Tensor*>& changing) {
  const auto passes = [&](Expr e) {
    const auto reads = tensors_of(e);
    const bool constant = std::all_of(reads.begin(), reads.end(), [](const Tensor* t) {
      return t->role == Role::constant || t->role == Role::prepared;
    });
    if (constant) return std::numeric_limits<double>::infinity();
    const bool changes = std::any_of(reads.begin(), reads.end(), [&](const Tensor* t) {
      return std::find(changing.begin(), changing.end(), t) != changing.end();
    });
    return changes ? 1 : count;
  };
  Factoring factoring(sizes, passes);
  calculus::Steps out = steps;
  for (calculus::Step& step : out) {
    if (calculus::Steps* body = calculus::body_of(step)) {
      const auto* repeat = std::get_if<calculus::Loop>(&step.action);
      const bool many = repeat != nullptr && repeat->count > 2 && repeat->while_positive == nullptr;
      *body = run(*body, sizes, many ? static_cast<double>(repeat->count) : 1, calculus::assigned(*body));
    } else {
      for (auto& a : std::get<calculus::Assign>(step.action).simultaneous)
        a.value = factoring.exhaust(a.value);
    }
  }
  return out;
}

}  // namespace

calculus::Steps factor_products(const calculus::Steps& steps, const Specialisation& sizes) {
  return run(steps, sizes, 1, {});
}

}  // namespace freefall::plan

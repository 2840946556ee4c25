#include "codegen/plan/factor_products.hpp"

#include <algorithm>
#include <functional>
#include <optional>

namespace freefall::plan {
namespace {

using namespace ir;

constexpr int kOpened = 9500;  // and above: levels of indices nobody else uses

struct Factors {
  std::vector<Expr> args;
  std::vector<Number> exponents;
};

// A sum over indices, opened: sum over `summed` of the product of `factors`.
struct OpenContraction {
  std::vector<Index> summed;
  Factors factors;
  std::vector<Index> indices;  // of the body
};

OpenContraction open(Expr contraction, int level) {
  OpenContraction out;
  Substitution names;
  for (std::size_t k = 0; k < contraction->bound.size(); ++k) {
    out.summed.push_back({contraction->bound[k].axis, level + static_cast<int>(k)});
    names.emplace_back(contraction->bound[k], Subscript(out.summed.back()));
  }
  const Expr body = substitute(contraction->args[0], names);
  out.indices = body->free;
  if (body->op == Op::Product) {
    out.factors = {body->args, body->weights};
  } else {
    out.factors = {{body}, {Number(1)}};
  }
  return out;
}

std::vector<Index> united(const std::vector<Index>& a, const std::vector<Index>& b) {
  std::vector<Index> out;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

class Factoring {
 public:
  using IsFixed = std::function<bool(Expr)>;
  Factoring(const Specialisation& sizes, IsFixed is_fixed) : sizes_(sizes), is_fixed_(std::move(is_fixed)) {}

  Expr run(Expr root) {
    return transform(root, [&](Expr e) { return e->op == Op::Sum ? sum(e) : e; });
  }

 private:
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
    const Expr first = e->args[a], second = e->args[b];
    const Number& weight = e->weights[a];
    const bool same_weight = e->weights[b] == weight;
    if (first->op != Op::Contract || second->op != Op::Contract || first->bound != second->bound ||
        !(same_weight || e->weights[b] == -weight))
      return std::nullopt;
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
    const double added = volume(united(rest_left->free, rest_right->free)),
                 saved = volume(united(left.indices, right.indices));
    if (added > saved || (added == saved && !(is_fixed_(rest_left) && is_fixed_(rest_right))))
      return std::nullopt;
    const int outer = level_;
    level_ += static_cast<int>(left.summed.size());  // the rest reads the indices opened here
    const Expr rest = run(same_weight ? rest_left + rest_right : rest_left - rest_right);
    level_ = outer;
    return weight * make_contract(left.summed, product(shared) * rest);
  }

  double volume(const std::vector<Index>& indices) const {
    double out = 1;
    for (const Index& i : indices) out *= static_cast<double>(sizes_.extent(i.axis));
    return out;
  }

  const Specialisation& sizes_;
  IsFixed is_fixed_;
  int level_ = kOpened;
};

calculus::Steps run(const calculus::Steps& steps, const Specialisation& sizes,
                    const std::vector<const Tensor*>* loop) {
  const auto is_fixed = [loop](Expr e) {
    const auto reads = tensors_of(e);
    return std::all_of(reads.begin(), reads.end(), [&](const Tensor* t) {
      if (t->role == Role::constant || t->role == Role::prepared) return true;
      return loop != nullptr && std::find(loop->begin(), loop->end(), t) == loop->end();
    });
  };
  Factoring factoring(sizes, is_fixed);
  calculus::Steps out = steps;
  for (calculus::Step& step : out) {
    if (calculus::Steps* body = calculus::body_of(step)) {
      const auto* repeat = std::get_if<calculus::Loop>(&step.action);
      const bool many = repeat != nullptr && repeat->count > 2 && repeat->while_positive == nullptr;
      const auto assigned = calculus::assigned(*body);
      *body = run(*body, sizes, many ? &assigned : nullptr);
    } else {
      for (auto& a : std::get<calculus::Assign>(step.action).simultaneous) a.value = factoring.run(a.value);
    }
  }
  return out;
}

}  // namespace

calculus::Steps factor_products(const calculus::Steps& steps, const Specialisation& sizes) {
  return run(steps, sizes, nullptr);
}

}  // namespace freefall::plan

#pragma once
// Random expressions over a few small arrays, for tests of the expression IR. The same seed gives the same
// expression on every machine. Bound indices get levels from `first_level` on and the terms of sums and
// products are shuffled by `shuffle`: expressions that differ only in these two must be the same node.

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "codegen/ir/expr.hpp"
#include "codegen/ir/interpret.hpp"

namespace freefall::test {

struct RandomOptions {
  std::uint64_t seed = 1;
  int first_level = 10;
  std::uint64_t shuffle = 0;
  bool polynomial = false;  ///< only sums, products and contractions of elements
};

class RandomExpression {
 public:
  RandomExpression(ir::Context& context, const RandomOptions& options)
      : context_(context),
        options_(options),
        random_(options.seed),
        shuffle_(options.shuffle),
        level_(options.first_level) {
    const ir::Axis* a = context.axis("a");
    const ir::Axis* b = context.axis("b");
    const ir::Axis* c = context.axis("c");
    const auto tensor = [&](const char* name, std::vector<const ir::Axis*> axes) {
      tensors_.push_back(context.tensor(name, std::move(axes), ir::Role::parameter));
    };
    tensor("A", {a, a});
    tensor("B", {a, b});
    tensor("C", {b, c});
    tensor("D", {c, a, b});
    tensor("u", {a});
    tensor("v", {b});
    tensor("w", {c});
    tensor("s", {});
    axes_ = {a, b, c};
  }

  const std::vector<const ir::Tensor*>& tensors() const { return tensors_; }

  /// Sizes 1 to 4 and elements in (-1, 1) for every array.
  ir::Environment<long double> environment() {
    ir::Sizes sizes;
    for (const ir::Axis* axis : axes_) sizes.extents[axis->name] = 1 + below(4);
    ir::Environment<long double> out(sizes);
    for (const ir::Tensor* t : tensors_) out.set(t, elements(out.count(*t)));
    out.set_draw([](std::string_view stream, const std::vector<std::int64_t>& at) {
      std::uint64_t h = stream.size();
      for (const std::int64_t i : at) h = h * 31 + static_cast<std::uint64_t>(i + 7);
      return static_cast<long double>(std::mt19937_64(h)() % 1000 + 1) / 1001.0L;
    });
    return out;
  }
  std::vector<long double> elements(std::size_t count) {
    std::vector<long double> out(count);
    for (long double& x : out) x = static_cast<long double>(below(2000001)) / 1000000.0L - 1.0L;
    return out;
  }

  ir::Expr scalar(int depth = 4) { return over({}, depth); }

  /// An expression whose free indices are among the given ones.
  ir::Expr over(const std::vector<ir::Index>& free, int depth) {
    using namespace ir;
    if (depth <= 0) return leaf(free);
    if (below(6) == 0) {
      if (const Expr shared = from_pool(free)) return shared;
    }
    const Expr e = options_.polynomial ? polynomial(free, depth) : any(free, depth);
    pool_.push_back(e);
    return e;
  }

 private:
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }

  ir::Index fresh(const ir::Axis* axis) { return {axis, level_++}; }
  static std::vector<ir::Index> with(std::vector<ir::Index> free, const std::vector<ir::Index>& more) {
    free.insert(free.end(), more.begin(), more.end());
    return free;
  }

  template <class F>
  std::vector<ir::Expr> several(F&& make) {
    std::vector<ir::Expr> out;
    for (std::size_t n = 2 + below(2); n > 0; --n) out.push_back(make());
    if (options_.shuffle != 0) std::shuffle(out.begin(), out.end(), shuffle_);
    return out;
  }

  // A subscript on the axis: an index, or an affine form, or a number.
  ir::Subscript subscript(const ir::Axis* axis, const std::vector<ir::Index>& free) {
    std::vector<ir::Index> candidates;
    for (const ir::Index& i : free) {
      if (i.axis == axis) candidates.push_back(i);
    }
    if (candidates.empty()) return ir::Subscript(static_cast<int>(below(2)));
    ir::Subscript out(candidates[below(candidates.size())]);
    if (below(6) == 0) out.add(ir::Subscript(static_cast<int>(below(3)) - 1));
    if (below(10) == 0) out.add(ir::Subscript(free[below(free.size())]), below(2) == 0 ? 1 : -1);
    return out;
  }

  ir::Expr leaf(const std::vector<ir::Index>& free) {
    using namespace ir;
    if (below(8) == 0) return make_constant(context_, Number::ratio(static_cast<int>(below(7)) - 3, 2));
    const Tensor* tensor = tensors_[below(tensors_.size())];
    std::vector<Subscript> at;
    for (const Axis* axis : tensor->axes) at.push_back(subscript(axis, free));
    return make_access(context_, tensor, at);
  }

  // An earlier expression, with its free indices renamed to some of those at hand.
  ir::Expr from_pool(const std::vector<ir::Index>& free) {
    if (pool_.empty()) return {};
    const ir::Expr e = pool_[below(pool_.size())];
    ir::Substitution renaming;
    for (const ir::Index& i : e->free) {
      if (std::find(free.begin(), free.end(), i) != free.end()) continue;
      const auto at =
          std::find_if(free.begin(), free.end(), [&](const ir::Index& f) { return f.axis == i.axis; });
      if (at == free.end()) return {};
      renaming.emplace_back(i, *at);
    }
    return ir::substitute(e, renaming);
  }

  ir::Expr sum_of(const std::vector<ir::Index>& free, int depth) {
    std::vector<ir::Number> weights;
    const std::vector<ir::Expr> terms = several([&] { return over(free, depth - 1); });
    ir::Expr out = ir::make_sum(context_, terms);
    if (below(3) == 0)
      out =
          ir::Number::ratio(static_cast<int>(below(5)) - 2, 3) * out + ir::Number(static_cast<int>(below(3)));
    return out;
  }
  ir::Expr product_of(const std::vector<ir::Index>& free, int depth) {
    const ir::Expr out = ir::make_product(context_, several([&] { return over(free, depth - 1); }));
    return below(4) == 0 ? ir::power(out, 2) : out;
  }
  ir::Expr contraction_of(const std::vector<ir::Index>& free, int depth) {
    using namespace ir;
    std::vector<Index> bound;
    for (std::size_t n = 1 + below(2); n > 0; --n) bound.push_back(fresh(axes_[below(axes_.size())]));
    Expr body = over(with(free, bound), depth - 1);
    if (below(2) == 0) body = body * over(with(free, bound), depth - 1);
    const std::vector<Index> all = with(free, bound);
    if (below(5) == 0)
      body = body * make_delta(context_, Subscript(bound[0]), subscript(axes_[below(3)], all));
    if (below(8) == 0) body = body * make_range(context_, axes_[below(3)], subscript(axes_[below(3)], all));
    if (options_.shuffle != 0) std::shuffle(bound.begin(), bound.end(), shuffle_);
    return make_contract(bound, body);
  }
  ir::Expr polynomial(const std::vector<ir::Index>& free, int depth) {
    switch (below(3)) {
      case 0: return sum_of(free, depth);
      case 1: return product_of(free, depth);
      default: return contraction_of(free, depth);
    }
  }

  ir::Expr squashed(ir::Expr e) { return ir::make_map(ir::Function::tanh, {e}); }
  ir::Expr positive(ir::Expr e) { return ir::power(squashed(e), 2) + ir::Number(1); }

  // 2 delta(i, j) + sum_k x(i, k) x(j, k): symmetric positive definite in i, j.
  ir::Expr positive_definite(const std::vector<ir::Index>& free, int depth, ir::Index i, ir::Index j) {
    using namespace ir;
    const Index k = fresh(axes_[below(3)]);
    const Expr x = squashed(over(with(free, {i, k}), depth - 1));
    return make_contract({k}, x * substitute(x, {{i, j}})) +
           Number(2) * make_delta(context_, Subscript(i), Subscript(j));
  }

  ir::Expr any(const std::vector<ir::Index>& free, int depth) {
    using namespace ir;
    switch (below(14)) {
      case 0: return sum_of(free, depth);
      case 1:
      case 2: return product_of(free, depth);
      case 3:
      case 4:
      case 5: return contraction_of(free, depth);
      case 6: return over(free, depth - 1) / positive(over(free, depth - 1));
      case 7: {
        const Index i = fresh(axes_[below(3)]);
        const Expr body = over(with(free, {i}), depth - 1);
        return make_softmax(i, body, subscript(i.axis, free));
      }
      case 8: {
        const Index i = fresh(axes_[below(3)]);
        return make_reduce(Reducer::log_sum_exp, {i}, over(with(free, {i}), depth - 1));
      }
      case 9: {
        const Expr condition = over(free, depth - 2), x = over(free, depth - 1);
        if (below(2) == 0 || condition->op == Op::Constant)
          return make_select(condition, x, over(free, depth - 1));
        return make_select(condition, power(condition, -1), make_constant(context_, 0)) * x;
      }
      case 10: {
        const Axis* axis = axes_[below(3)];
        const Index i = fresh(axis), j = fresh(axis);
        const Expr matrix = positive_definite(free, depth, i, j);
        if (below(2) == 0) return make_log_det(i, j, matrix);
        return make_inverse(i, j, matrix, subscript(axis, free), subscript(axis, free));
      }
      case 11: {
        const Expr x = positive(over(free, depth - 1));
        constexpr Function kOfPositive[] = {Function::log, Function::sqrt, Function::log1p};
        const std::size_t which = below(4);
        return which == 3 ? make_map(Function::pow, {x, squashed(over(free, depth - 1))})
                          : make_map(kOfPositive[which], {x});
      }
      default: {
        constexpr Function kSmooth[] = {Function::tanh, Function::sigmoid, Function::softplus, Function::sin,
                                        Function::cos,  Function::erf,     Function::gelu,     Function::silu,
                                        Function::exp,  Function::expm1};
        const std::size_t which = below(std::size(kSmooth));
        const Expr x = over(free, depth - 1);
        return make_map(kSmooth[which], {which >= 8 ? squashed(x) : x});
      }
    }
  }

  ir::Context& context_;
  RandomOptions options_;
  std::mt19937_64 random_, shuffle_;
  int level_;
  std::vector<const ir::Axis*> axes_;
  std::vector<const ir::Tensor*> tensors_;
  std::vector<ir::Expr> pool_;
};

}  // namespace freefall::test

#include "codegen/ir/interpret.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "codegen/ir/indicator.hpp"

namespace freefall::ir {

std::size_t Sizes::of(const Axis& axis) const {
  const auto at = extents.find(axis.name);
  if (at == extents.end())
    throw std::invalid_argument(fmt::format("axis '{}' has no size; give it one", axis.name));
  return at->second;
}

template <class T>
std::size_t Environment<T>::count(const Tensor& tensor) const {
  std::size_t n = 1;
  for (const Axis* axis : tensor.axes) n *= sizes_.of(*axis);
  return n;
}

template <class T>
void Environment<T>::set(const Tensor* tensor, std::vector<T> data) {
  const std::size_t expected = count(*tensor);
  if (data.size() != expected) {
    std::string axes;
    for (const Axis* axis : tensor->axes) {
      axes += fmt::format("{}{} = {}", axes.empty() ? "" : ", ", axis->name, sizes_.of(*axis));
    }
    throw std::invalid_argument(
        fmt::format("'{}' [{}] has {} elements, found {}", tensor->name, axes, expected, data.size()));
  }
  tensors_[tensor->name] = std::move(data);
}

template <class T>
const std::vector<T>& Environment<T>::get(const Tensor* tensor) const {
  const auto at = tensors_.find(tensor->name);
  if (at == tensors_.end()) {
    throw std::invalid_argument(fmt::format("'{}' has no value; set it before evaluating", tensor->name));
  }
  return at->second;
}

template <class T>
T Environment<T>::draw(std::string_view stream, const std::vector<std::int64_t>& element) const {
  if (!draw_)
    throw std::invalid_argument(fmt::format("stream '{}' is drawn from, but no draws are given", stream));
  return draw_(stream, element);
}

template <class T>
void Environment<T>::freeze(const std::string& point) {
  frozen_[point] = std::make_shared<const Environment>(*this);
}

template <class T>
const Environment<T>& Environment<T>::at(const std::string& point) const {
  const auto found = frozen_.find(point);
  if (found == frozen_.end()) {
    throw std::invalid_argument(
        fmt::format("a value frozen at '{}' is read before that point is passed", point));
  }
  return *found->second;
}

namespace {

template <class T>
T integer_power(T base, std::int64_t exponent) {
  T out = 1, square = base;
  for (std::int64_t e = std::abs(exponent); e > 0; e /= 2) {
    if (e % 2 == 1) out *= square;
    square *= square;
  }
  return exponent < 0 ? 1 / out : out;
}

bool is_pointwise(Expr e) {
  return (e->op == Op::Sum || e->op == Op::Product || e->op == Op::Map || e->op == Op::Select) &&
         !e->args.empty();
}

// The element of a pointwise node from the elements of its arguments.
template <class T>
T apply(const Node& n, const std::vector<T>& x) {
  switch (n.op) {
    case Op::Sum: {
      T out = static_cast<T>(n.value.to_long_double());
      for (std::size_t k = 0; k < x.size(); ++k) out += static_cast<T>(n.weights[k].to_long_double()) * x[k];
      return out;
    }
    case Op::Product: {
      T out = 1;
      for (std::size_t k = 0; k < x.size(); ++k) {
        if (is_indicator(n.args[k]) && x[k] == 0) return 0;
        out *= integer_power(x[k], n.weights[k].numerator());
      }
      return out;
    }
    case Op::Map: {
      long double wide[4] = {};
      std::copy(x.begin(), x.end(), wide);
      return static_cast<T>(row(n.function).value(wide));
    }
    case Op::Select: return x[0] > 0 ? x[1] : x[2];
    default: throw std::logic_error(fmt::format("interpreter: {} is not pointwise", name(n.op)));
  }
}

std::vector<std::size_t> row_major_strides(const std::vector<std::size_t>& extents) {
  std::vector<std::size_t> strides(extents.size(), 1);
  for (std::size_t k = extents.size(); k-- > 1;) strides[k - 1] = strides[k] * extents[k];
  return strides;
}

std::size_t product_of(const std::vector<std::size_t>& extents) {
  std::size_t n = 1;
  for (const std::size_t e : extents) n *= e;
  return n;
}

std::size_t position_of(const std::vector<Index>& indices, const Index& index) {
  return static_cast<std::size_t>(std::find(indices.begin(), indices.end(), index) - indices.begin());
}

// Steps through all values of some indices, last one fastest, keeping the offsets into arrays over a part of
// them.
class Loop {
 public:
  Loop(std::vector<Index> indices, const Sizes& sizes) : indices_(std::move(indices)) {
    for (const Index& i : indices_) extents_.push_back(sizes.of(*i.axis));
    values_.assign(indices_.size(), 0);
    empty_ = product_of(extents_) == 0;
  }
  const std::vector<Index>& indices() const { return indices_; }
  const std::vector<std::size_t>& extents() const { return extents_; }
  const std::vector<std::int64_t>& values() const { return values_; }

  /// Follows an array; returns the place of its offset.
  std::size_t follow(const std::vector<Index>& indices, const std::vector<std::size_t>& extents) {
    std::vector<std::size_t> steps(indices_.size(), 0);
    const std::vector<std::size_t> strides = row_major_strides(extents);
    for (std::size_t k = 0; k < indices.size(); ++k) steps[position_of(indices_, indices[k])] += strides[k];
    steps_.push_back(std::move(steps));
    offsets_.push_back(0);
    return offsets_.size() - 1;
  }
  std::size_t offset(std::size_t array) const { return offsets_[array]; }

  std::int64_t value(const Subscript& s) const {
    std::int64_t out = s.offset;
    for (const auto& t : s.terms) out += t.factor * values_[position_of(indices_, t.index)];
    return out;
  }

  template <class F>
  void run(F&& body) {
    if (empty_) return;
    for (;;) {
      body();
      std::size_t k = indices_.size();
      for (; k > 0; --k) {
        const std::size_t d = k - 1;
        if (static_cast<std::size_t>(++values_[d]) < extents_[d]) {
          for (std::size_t a = 0; a < offsets_.size(); ++a) offsets_[a] += steps_[a][d];
          break;
        }
        values_[d] = 0;
        for (std::size_t a = 0; a < offsets_.size(); ++a) offsets_[a] -= steps_[a][d] * (extents_[d] - 1);
      }
      if (k == 0) return;
    }
  }

 private:
  std::vector<Index> indices_;
  std::vector<std::size_t> extents_;
  std::vector<std::int64_t> values_;
  std::vector<std::vector<std::size_t>> steps_;
  std::vector<std::size_t> offsets_;
  bool empty_ = false;
};

// Offset of an element given by integers, or none outside the tensor.
std::ptrdiff_t element_offset(const std::vector<std::int64_t>& at, const std::vector<std::size_t>& extents) {
  std::ptrdiff_t offset = 0;
  for (std::size_t k = 0; k < at.size(); ++k) {
    if (at[k] < 0 || static_cast<std::size_t>(at[k]) >= extents[k]) return -1;
    offset = offset * static_cast<std::ptrdiff_t>(extents[k]) + static_cast<std::ptrdiff_t>(at[k]);
  }
  return offset;
}

template <class T>
class Interpreter {
 public:
  explicit Interpreter(const Environment<T>& environment) : root_(environment) {}

  const Value<T>& evaluate(Expr e) {
    std::vector<std::pair<Key, bool>> stack{{{e.get(), &root_}, false}};
    while (!stack.empty()) {
      const auto [key, ready] = stack.back();
      stack.pop_back();
      if (values_.contains(key)) continue;
      if (ready) {
        values_.emplace(key, compute(Expr(key.first), *key.second));
        continue;
      }
      stack.emplace_back(key, true);
      for (const Key& k : dependencies(key)) stack.emplace_back(k, false);
    }
    return values_.at({e.get(), &root_});
  }

 private:
  using Key = std::pair<const Node*, const Environment<T>*>;

  static bool is_fused(const Node& n) { return n.op == Op::Contract && is_pointwise(n.args[0]); }

  static std::vector<Key> dependencies(const Key& key) {
    const Node& n = *key.first;
    const Environment<T>* environment = n.op == Op::Freeze ? &key.second->at(n.name) : key.second;
    std::vector<Key> out;
    for (const Expr a : is_fused(n) ? n.args[0]->args : n.args) out.emplace_back(a.get(), environment);
    return out;
  }

  const Value<T>& value(Expr e, const Environment<T>& environment) const {
    return values_.at({e.get(), &environment});
  }

  static Value<T> empty(const std::vector<Index>& indices, const Environment<T>& environment) {
    Value<T> out{indices, {}, {}};
    for (const Index& i : indices) out.extents.push_back(environment.sizes().of(*i.axis));
    out.data.assign(product_of(out.extents), T(0));
    return out;
  }

  // Fills `out` from the values of `args` under a loop over `indices` (those of `out`, then any others).
  template <class F>
  void pointwise(Value<T>& out, std::vector<Index> indices, const std::vector<Expr>& args,
                 const Environment<T>& environment, F&& f) const {
    Loop loop(std::move(indices), environment.sizes());
    const std::size_t target = loop.follow(out.indices, out.extents);
    std::vector<const T*> data;
    for (const Expr a : args) {
      const Value<T>& v = value(a, environment);
      loop.follow(v.indices, v.extents);
      data.push_back(v.data.data());
    }
    std::vector<T> x(args.size());
    loop.run([&] {
      for (std::size_t k = 0; k < x.size(); ++k) x[k] = data[k][loop.offset(target + 1 + k)];
      f(out.data[loop.offset(target)], x, loop);
    });
  }

  Value<T> compute(Expr e, const Environment<T>& environment) const {
    Value<T> out = empty(e->free, environment);
    const auto fill = [&](auto&& element) {  // from subscripts and arguments
      pointwise(out, e->free, e->args, environment,
                [&](T& to, const std::vector<T>& x, const Loop& loop) { to = element(x, loop); });
    };
    switch (e->op) {
      case Op::Constant: out.data[0] = static_cast<T>(e->value.to_long_double()); return out;
      case Op::Extent: out.data[0] = static_cast<T>(environment.sizes().of(*e->axis)); return out;
      case Op::Access:
      case Op::Gather: {
        const std::vector<T>& data = environment.get(e->tensor);
        std::vector<std::size_t> extents;
        for (const Axis* axis : e->tensor->axes) extents.push_back(environment.sizes().of(*axis));
        fill([&](const std::vector<T>& x, const Loop& loop) {
          std::vector<std::int64_t> at;
          for (const Subscript& s : e->subscripts) at.push_back(loop.value(s));
          for (const T index : x) at.push_back(static_cast<std::int64_t>(std::llround(index)));
          const std::ptrdiff_t offset = element_offset(at, extents);
          return offset < 0 ? T(0) : data[static_cast<std::size_t>(offset)];
        });
        return out;
      }
      case Op::Delta:
        fill([&](const std::vector<T>&, const Loop& loop) {
          return T(loop.value(e->subscripts[0]) == loop.value(e->subscripts[1]) ? 1 : 0);
        });
        return out;
      case Op::Range: {
        const std::size_t extent = environment.sizes().of(*e->axis);
        fill([&](const std::vector<T>&, const Loop& loop) {
          return T(element_offset({loop.value(e->subscripts[0])}, {extent}) < 0 ? 0 : 1);
        });
        return out;
      }
      case Op::Position:
        fill([&](const std::vector<T>&, const Loop& loop) {
          return static_cast<T>(loop.value(e->subscripts[0]));
        });
        return out;
      case Op::Draw:
        fill([&](const std::vector<T>&, const Loop& loop) {
          std::vector<std::int64_t> at;
          for (const Subscript& s : e->subscripts) at.push_back(loop.value(s));
          return environment.draw(e->name, at);
        });
        return out;
      case Op::Sum:
      case Op::Product:
      case Op::Map:
      case Op::Select: fill([&](const std::vector<T>& x, const Loop&) { return apply(*e, x); }); return out;
      case Op::Contract: return contract(e, std::move(out), environment);
      case Op::Reduce: return reduce(e, std::move(out), environment);
      case Op::Freeze: return value(e->args[0], environment.at(e->name));
      case Op::Inverse:
      case Op::LogDet: return matrix(e, std::move(out), environment);
    }
    throw std::logic_error("interpreter: unknown node");
  }

  Value<T> contract(Expr e, Value<T> out, const Environment<T>& environment) const {
    std::vector<Index> indices = e->free;
    indices.insert(indices.end(), e->bound.begin(), e->bound.end());
    const Node& body = *e->args[0];
    const bool fused = is_fused(*e);
    pointwise(out, indices, fused ? body.args : e->args, environment,
              [&](T& to, const std::vector<T>& x, const Loop&) { to += fused ? apply(body, x) : x[0]; });
    return out;
  }

  Value<T> reduce(Expr e, Value<T> out, const Environment<T>& environment) const {
    const bool softmax = e->reducer == Reducer::softmax;
    // Largest element and, relative to it, the sum of exponentials over the bound indices.
    std::vector<Index> outer = e->args[0]->free;
    for (const Index& b : e->bound) std::erase(outer, b);
    std::vector<Index> indices = outer;
    indices.insert(indices.end(), e->bound.begin(), e->bound.end());
    Value<T> largest = empty(outer, environment), total = largest;
    largest.data.assign(largest.data.size(), -std::numeric_limits<T>::infinity());
    pointwise(largest, indices, e->args, environment, [](T& to, const std::vector<T>& x, const Loop&) {
      to = x[0] > to || std::isnan(x[0]) ? x[0] : to;
    });
    if (e->reducer == Reducer::max) return largest;
    const auto relative = [](T x, T top) {
      return std::isinf(top) && x == top ? (top > 0 ? T(1) : T(0)) : std::exp(x - top);
    };
    {
      Loop loop(indices, environment.sizes());
      const Value<T>& body = value(e->args[0], environment);
      loop.follow(outer, largest.extents);
      loop.follow(body.indices, body.extents);
      loop.run([&] {
        const std::size_t at = loop.offset(0);
        total.data[at] += relative(body.data[loop.offset(1)], largest.data[at]);
      });
    }
    if (!softmax) {
      for (std::size_t k = 0; k < total.data.size(); ++k) {
        const T top = largest.data[k];
        total.data[k] = std::isinf(top) ? top : top + std::log(total.data[k]);
      }
      return total;
    }
    const Value<T>& body = value(e->args[0], environment);
    const std::vector<std::size_t> strides = row_major_strides(body.extents);
    const std::size_t bound = position_of(body.indices, e->bound[0]);
    const std::size_t stride = bound < strides.size() ? strides[bound] : 0;
    Loop loop(e->free, environment.sizes());
    const std::size_t extent = environment.sizes().of(*e->bound[0].axis);
    const std::size_t target = loop.follow(out.indices, out.extents),
                      outer_at = loop.follow(outer, largest.extents);
    loop.run([&] {
      const std::int64_t at = loop.value(e->subscripts[0]);
      T& to = out.data[loop.offset(target)];
      if (at < 0 || static_cast<std::size_t>(at) >= extent) return;
      std::size_t offset = static_cast<std::size_t>(at) * stride;
      for (std::size_t k = 0; k < body.indices.size(); ++k) {
        if (k != bound)
          offset +=
              strides[k] * static_cast<std::size_t>(loop.values()[position_of(e->free, body.indices[k])]);
      }
      const T sum = total.data[loop.offset(outer_at)];
      to = sum == 0 ? T(0) : relative(body.data[offset], largest.data[loop.offset(outer_at)]) / sum;
    });
    return out;
  }

  Value<T> matrix(Expr e, Value<T> out, const Environment<T>& environment) const {
    const Index row = e->bound[0], column = e->bound[1];
    const std::size_t n = environment.sizes().of(*row.axis), columns = environment.sizes().of(*column.axis);
    if (n != columns) {
      throw std::domain_error(fmt::format("{} of a matrix with {} rows ('{}') and {} columns ('{}')",
                                          name(e->op), n, row.axis->name, columns, column.axis->name));
    }
    const Value<T>& body = value(e->args[0], environment);
    std::vector<Index> outer = body.indices;
    std::erase(outer, row);
    std::erase(outer, column);
    std::vector<Index> all = outer;
    all.push_back(row);
    all.push_back(column);
    Value<T> matrices = empty(all, environment);
    pointwise(matrices, all, e->args, environment,
              [](T& to, const std::vector<T>& x, const Loop&) { to = x[0]; });
    Value<T> log_det = empty(outer, environment);
    for (std::size_t k = 0; k < log_det.data.size(); ++k) {
      log_det.data[k] = factorise(*e, &matrices.data[k * n * n], n, e->op == Op::Inverse);
    }
    if (e->op == Op::LogDet) return log_det;

    Loop loop(e->free, environment.sizes());
    const std::size_t target = loop.follow(out.indices, out.extents),
                      outer_at = loop.follow(outer, log_det.extents);
    loop.run([&] {
      const std::ptrdiff_t at =
          element_offset({loop.value(e->subscripts[0]), loop.value(e->subscripts[1])}, {n, n});
      if (at >= 0) {
        out.data[loop.offset(target)] =
            matrices.data[loop.offset(outer_at) * n * n + static_cast<std::size_t>(at)];
      }
    });
    return out;
  }

  // Cholesky of the symmetric part; returns the log-determinant and, on request, leaves the inverse in place.
  static T factorise(const Node& node, T* a, std::size_t n, bool invert) {
    std::vector<T> l(n * n, T(0));
    T log_det = 0;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        T s = (a[i * n + j] + a[j * n + i]) / 2;
        for (std::size_t k = 0; k < j; ++k) s -= l[i * n + k] * l[j * n + k];
        if (i != j) {
          l[i * n + j] = s / l[j * n + j];
        } else if (s > 0) {
          l[i * n + i] = std::sqrt(s);
          log_det += std::log(s);
        } else {
          throw std::domain_error(
              fmt::format("{} over '{}' of a matrix that is not positive definite: pivot {} is {}",
                          name(node.op), node.bound[0].axis->name, i, static_cast<double>(s)));
        }
      }
    }
    if (!invert) return log_det;
    for (std::size_t c = 0; c < n; ++c) {  // L Lᵀ x = unit vector c
      std::vector<T> x(n, T(0));
      for (std::size_t i = c; i < n; ++i) {
        T s = i == c ? T(1) : T(0);
        for (std::size_t k = c; k < i; ++k) s -= l[i * n + k] * x[k];
        x[i] = s / l[i * n + i];
      }
      for (std::size_t i = n; i-- > 0;) {
        for (std::size_t k = i + 1; k < n; ++k) x[i] -= l[k * n + i] * x[k];
        x[i] /= l[i * n + i];
      }
      for (std::size_t i = 0; i < n; ++i) a[i * n + c] = x[i];
    }
    return log_det;
  }

  const Environment<T>& root_;
  std::map<Key, Value<T>> values_;
};

}  // namespace

template <class T>
Value<T> evaluate(Expr e, const Environment<T>& environment) {
  return Interpreter<T>(environment).evaluate(e);
}

template <class T>
Value<T> evaluate(Expr e, const std::vector<Index>& order, const Environment<T>& environment) {
  for (const Index& i : e->free) {
    if (std::find(order.begin(), order.end(), i) == order.end()) {
      throw std::invalid_argument(
          fmt::format("the expression depends on '{}', which the result does not carry", str(i)));
    }
  }
  const Value<T> found = evaluate(e, environment);
  Loop loop(order, environment.sizes());
  Value<T> out{order, loop.extents(), {}};
  out.data.reserve(product_of(out.extents));
  loop.follow(found.indices, found.extents);
  loop.run([&] { out.data.push_back(found.data[loop.offset(0)]); });
  return out;
}

template <class T>
T evaluate_scalar(Expr e, const Environment<T>& environment) {
  return evaluate(e, {}, environment).data[0];
}

#define FREEFALL_INSTANTIATE(T)                                                       \
  template class Environment<T>;                                                      \
  template Value<T> evaluate(Expr, const Environment<T>&);                            \
  template Value<T> evaluate(Expr, const std::vector<Index>&, const Environment<T>&); \
  template T evaluate_scalar(Expr, const Environment<T>&);
FREEFALL_INSTANTIATE(double)
FREEFALL_INSTANTIATE(long double)
#undef FREEFALL_INSTANTIATE

}  // namespace freefall::ir

#include "codegen/equality/field_interpret.hpp"

#include <algorithm>
#include <string_view>

#include "codegen/ir/indicator.hpp"

namespace freefall::equality {
namespace {

using namespace ir;

std::uint64_t mix(std::uint64_t h, std::uint64_t v) {
  h ^= v + 0x9e3779b97f4a7c15ULL + (h << 6) + (h >> 2);
  h *= 0xff51afd7ed558ccdULL;
  return h ^ (h >> 32);
}
std::uint64_t mix(std::uint64_t h, std::string_view text) {
  for (const char c : text) h = mix(h, static_cast<unsigned char>(c));
  return h;
}

// Where each index stands while an array is walked.
using Position = std::vector<std::pair<Index, std::int64_t>>;

std::int64_t at(const Position& position, const Index& index) {
  return std::find_if(position.begin(), position.end(), [&](const auto& p) { return p.first == index; })
      ->second;
}
std::int64_t at(const Position& position, const Subscript& s) {
  std::int64_t out = s.offset;
  for (const auto& term : s.terms) out += term.factor * at(position, term.index);
  return out;
}

class Evaluator {
 public:
  explicit Evaluator(const FieldPoint& point) : point_(point) {}

  std::vector<Field> run(Expr root) {
    for (const Expr e : topological({root})) values_[e.get()] = all_elements(e);
    return values_.at(root.get());
  }

 private:
  std::int64_t extent(const Index& i) const { return static_cast<std::int64_t>(point_.sizes.of(*i.axis)); }

  // Calls f for each value of the indices, first index slowest.
  template <class F>
  void for_each(const std::vector<Index>& indices, Position position, F&& f) const {
    const std::size_t first = position.size();
    for (const Index& i : indices) position.emplace_back(i, 0);
    for (bool more = true; more;) {
      f(position);
      more = false;
      for (std::size_t k = position.size(); k-- > first && !more;) {
        more = ++position[k].second < extent(position[k].first);
        if (!more) position[k].second = 0;
      }
    }
  }

  Field read(Expr e, const Position& position) const {
    std::size_t flat = 0;
    for (const Index& i : e->free)
      flat = flat * static_cast<std::size_t>(extent(i)) + static_cast<std::size_t>(at(position, i));
    return values_.at(e.get())[flat];
  }

  std::vector<Field> all_elements(Expr e) const {
    std::vector<Field> out;
    for_each(e->free, {}, [&](const Position& position) { out.push_back(element(e, position)); });
    return out;
  }

  Field tensor_element(const Tensor* t, const std::vector<std::int64_t>& indices) const {
    std::uint64_t h = mix(point_.seed, t->name);
    for (std::size_t p = 0; p < indices.size(); ++p) {
      if (indices[p] < 0 || indices[p] >= static_cast<std::int64_t>(point_.sizes.of(*t->axes[p])))
        return Field(0);
      h = mix(h, static_cast<std::uint64_t>(indices[p]) + 1);
    }
    return Field(mix(h, 17));
  }

  Field unknown(std::string_view name, const std::vector<Field>& args) const {
    std::uint64_t h = mix(point_.seed ^ 0x5851f42d4c957f2dULL, name);
    for (const Field a : args) h = mix(h, a.value());
    return Field(h);
  }

  Field element(Expr e, const Position& position) const {
    switch (e->op) {
      case Op::Constant: return Field::of(e->value);
      case Op::Extent: return Field(point_.sizes.of(*e->axis));
      case Op::Access: {
        std::vector<std::int64_t> indices;
        for (const Subscript& s : e->subscripts) indices.push_back(at(position, s));
        if (e->tensor->zero_diagonal && indices[0] == indices[1]) return Field(0);
        return tensor_element(e->tensor, indices);
      }
      case Op::Delta: return Field(at(position, e->subscripts[0]) == at(position, e->subscripts[1]) ? 1 : 0);
      case Op::Range: {
        const std::int64_t i = at(position, e->subscripts[0]);
        return Field(i >= 0 && i < static_cast<std::int64_t>(point_.sizes.of(*e->axis)) ? 1 : 0);
      }
      case Op::Position: return Field::of(Number(at(position, e->subscripts[0])));
      case Op::Sum: {
        Field out = Field::of(e->value);
        for (std::size_t k = 0; k < e->args.size(); ++k)
          out = out + Field::of(e->weights[k]) * read(e->args[k], position);
        return out;
      }
      case Op::Product: {
        Field out(1);
        for (std::size_t k = 0; k < e->args.size(); ++k) {
          if (is_indicator(e->args[k]) && read(e->args[k], position).is_zero()) return Field(0);
        }
        for (std::size_t k = 0; k < e->args.size(); ++k)
          out = out * read(e->args[k], position).power(e->weights[k].numerator());
        return out;
      }
      case Op::Contract: {
        Field out(0);
        for_each(e->bound, position, [&](const Position& inner) { out = out + read(e->args[0], inner); });
        return out;
      }
      case Op::Reduce: return reduce(e, position);
      case Op::Map: return unknown(row(e->function).name, arguments(e, position));
      case Op::Select: {  // p a + (1 - p) b, p an unknown function of the condition: no branch goes unseen
        const Field p = unknown("select", {read(e->args[0], position)});
        return p * read(e->args[1], position) + (Field(1) - p) * read(e->args[2], position);
      }
      case Op::Gather: {
        std::vector<Field> args = arguments(e, position);
        return unknown(e->tensor->name, args);
      }
      case Op::Freeze: return unknown("freeze " + e->name, arguments(e, position));
      case Op::Draw: {
        std::vector<Field> args;
        for (const Subscript& s : e->subscripts) args.push_back(Field::of(Number(at(position, s))));
        return unknown("draw " + e->name, args);
      }
      case Op::Inverse: return inverse(e, position);
      case Op::LogDet: return unknown("log_det", matrix(e, position));
    }
    return Field(0);
  }

  std::vector<Field> arguments(Expr e, const Position& position) const {
    std::vector<Field> out;
    for (const Expr a : e->args) out.push_back(read(a, position));
    return out;
  }

  Field reduce(Expr e, const Position& position) const {
    std::vector<Field> all;
    for_each(e->bound, position, [&](const Position& inner) { all.push_back(read(e->args[0], inner)); });
    if (e->reducer == Reducer::max) {
      std::sort(all.begin(), all.end(), [](Field a, Field b) { return a.value() < b.value(); });
      return unknown("max", all);
    }
    Field total(0);
    for (const Field x : all) total = total + unknown("exp", {x});
    if (e->reducer == Reducer::log_sum_exp) return unknown("log", {total});
    if (!is_inside(e, 0, position)) return Field(0);
    Position where = position;
    where.emplace_back(e->bound[0], at(position, e->subscripts[0]));
    return unknown("exp", {read(e->args[0], where)}) * total.inverse();
  }

  std::vector<Field> matrix(Expr e, const Position& position) const {
    std::vector<Field> out;
    for_each(e->bound, position, [&](const Position& inner) { out.push_back(read(e->args[0], inner)); });
    return out;
  }

  // Outside its axes a softmax or an inverse is zero, as an array is.
  bool is_inside(Expr e, std::size_t p, const Position& position) const {
    const std::int64_t i = at(position, e->subscripts[p]);
    return i >= 0 && i < static_cast<std::int64_t>(extent(e->bound[p]));
  }

  // Gauss and Jordan; the inverse of the symmetric part, as the interpreters take it.
  Field inverse(Expr e, const Position& position) const {
    if (!is_inside(e, 0, position) || !is_inside(e, 1, position)) return Field(0);
    const auto n = static_cast<std::size_t>(extent(e->bound[0]));
    const std::vector<Field> given = matrix(e, position);
    const Field half = Field(2).inverse();
    std::vector<Field> a(n * n), b(n * n);
    for (std::size_t i = 0; i < n; ++i) {
      b[i * n + i] = Field(1);
      for (std::size_t j = 0; j < n; ++j) a[i * n + j] = (given[i * n + j] + given[j * n + i]) * half;
    }
    for (std::size_t c = 0; c < n; ++c) {
      std::size_t pivot = c;
      while (pivot + 1 < n && a[pivot * n + c].is_zero()) ++pivot;
      const Field scale = a[pivot * n + c].inverse();
      for (std::size_t j = 0; j < n; ++j) {
        std::swap(a[c * n + j], a[pivot * n + j]);
        std::swap(b[c * n + j], b[pivot * n + j]);
        a[c * n + j] = a[c * n + j] * scale;
        b[c * n + j] = b[c * n + j] * scale;
      }
      for (std::size_t i = 0; i < n; ++i) {
        if (i == c) continue;
        const Field factor = a[i * n + c];
        for (std::size_t j = 0; j < n; ++j) {
          a[i * n + j] = a[i * n + j] - factor * a[c * n + j];
          b[i * n + j] = b[i * n + j] - factor * b[c * n + j];
        }
      }
    }
    return b[static_cast<std::size_t>(at(position, e->subscripts[0])) * n +
             static_cast<std::size_t>(at(position, e->subscripts[1]))];
  }

  const FieldPoint& point_;
  std::unordered_map<const Node*, std::vector<Field>> values_;
};

}  // namespace

std::vector<Field> field_evaluate(Expr e, const FieldPoint& point) { return Evaluator(point).run(e); }

double degree_bound(Expr root, const Sizes& sizes) {
  std::unordered_map<const Node*, double> degree;
  double total = 0;
  for (const Expr e : topological({root})) {
    double d = 1;  // elements of tensors and values of unknown functions are fresh variables
    if (e->op == Op::Sum || e->op == Op::Contract) {
      d = 0;
      for (const Expr a : e->args) d += degree.at(a.get());  // common denominators add up
      if (e->op == Op::Contract) {
        for (const Index& i : e->bound) d *= static_cast<double>(sizes.of(*i.axis));
      }
    } else if (e->op == Op::Product) {
      d = 0;
      for (std::size_t k = 0; k < e->args.size(); ++k)
        d += static_cast<double>(std::abs(e->weights[k].numerator())) * degree.at(e->args[k].get());
    } else if (e->op == Op::Select) {
      d = 1 + degree.at(e->args[1].get()) + degree.at(e->args[2].get());
    } else if (e->op == Op::Inverse) {
      d = 2 * static_cast<double>(sizes.of(*e->bound[0].axis)) * degree.at(e->args[0].get());
    }
    degree[e.get()] = d;
    total += d;
  }
  return total;
}

}  // namespace freefall::equality

#include "codegen/emit/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "codegen/plan/generic_form.hpp"

namespace freefall::emit {

using namespace ir;

std::string Names::literal(const Number& n) const { return literal(n.to_long_double()); }

std::string Names::literal(long double value) const {
  const bool single = sizes->scalar == plan::Scalar::float32;
  if (std::isinf(value))
    return fmt::format("{}std::numeric_limits<{}>::infinity()", value < 0 ? "-" : "", scalar());
  std::string text =
      single ? fmt::format("{}", static_cast<float>(value)) : fmt::format("{}", static_cast<double>(value));
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  if (single) text += "f";
  return value < 0 ? "(" + text + ")" : text;
}

std::string Names::extent(const Axis* axis) const {
  return plan::is_counted(axis) ? copies(axis) : fmt::format("{}", sizes->extent(axis));
}

std::string Names::loop_variable(const Index& index) const {
  if (index.level == 0) return "i_" + index.axis->name;
  if (calculus::is_tick(index))
    return fmt::format("i_{}_{}", index.axis->name, index == calculus::tick_of(index.axis) ? "now" : "visit");
  if (index.level < plan::kOpenedLevel) return fmt::format("i_{}_{}", index.axis->name, index.level);
  return fmt::format("s_{}_{}", index.axis->name, index.level - plan::kOpenedLevel);
}

std::string Names::offset(const Tensor* tensor, const std::vector<Subscript>& subscripts) const {
  const auto strides = loop::strides(tensor, *sizes);
  std::string out;
  std::ptrdiff_t constant = 0;
  for (std::size_t p = 0; p < subscripts.size(); ++p) {
    constant += subscripts[p].offset * static_cast<std::ptrdiff_t>(strides[p]);
    for (const auto& term : subscripts[p].terms) {
      const std::ptrdiff_t factor = term.factor * static_cast<std::ptrdiff_t>(strides[p]);
      if (factor < 0) {
        out += fmt::format(" - {} * {}", loop_variable(term.index), -factor);
        continue;
      }
      out += (out.empty() ? "" : " + ") + loop_variable(term.index);
      if (factor != 1) out += fmt::format(" * {}", factor);
    }
  }
  if (constant > 0) out += fmt::format("{}{}", out.empty() ? "" : " + ", constant);
  if (constant < 0) out += fmt::format(" - {}", -constant);
  return out.empty() ? "0" : out;
}

std::string Names::element(const Tensor* tensor, const std::vector<Subscript>& subscripts) const {
  return fmt::format("{}[{}]", tensor->name, offset(tensor, subscripts));
}

bool is_closed(Expr root) {
  if (!root->free.empty()) return false;
  const auto nodes = topological({root});
  return std::all_of(nodes.begin(), nodes.end(), [](Expr e) {
    return e->op == Op::Constant || e->op == Op::Sum || e->op == Op::Product || e->op == Op::Map;
  });
}

long double closed_value(Expr root) {
  std::unordered_map<const Node*, long double> value;
  for (const Expr e : topological({root})) {
    long double v = e->value.to_long_double();
    if (e->op == Op::Sum) {
      for (std::size_t i = 0; i < e->args.size(); ++i)
        v += e->weights[i].to_long_double() * value.at(e->args[i].get());
    } else if (e->op == Op::Product) {
      v = 1;
      for (std::size_t i = 0; i < e->args.size(); ++i)
        v *= std::pow(value.at(e->args[i].get()), e->weights[i].to_long_double());
    } else if (e->op == Op::Map) {
      std::vector<long double> x;
      for (const Expr a : e->args) x.push_back(value.at(a.get()));
      v = row(e->function).value(x.data());
    }
    value[e.get()] = v;
  }
  return value.at(root.get());
}

}  // namespace freefall::emit

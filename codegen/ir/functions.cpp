#include "codegen/ir/functions.hpp"

#include <cmath>

#include "codegen/ir/expr.hpp"

namespace freefall::ir {
namespace {

// The rows use different subsets of their parameters.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"

long double sigmoid_value(long double x) {
  return x >= 0 ? 1.0L / (1.0L + std::exp(-x)) : std::exp(x) / (1.0L + std::exp(x));
}
long double softplus_value(long double x) { return std::fmax(x, 0.0L) + std::log1p(std::exp(-std::fabs(x))); }
long double gelu_value(long double x) { return 0.5L * x * std::erfc(-x * 0.70710678118654752440L); }

Expr zero(Expr x) { return make_constant(*x->context, 0); }

Expr root(const Number& of, Expr like) {
  return make_map(Function::sqrt, {make_constant(*like->context, of)});
}

// gelu(x) = x Phi(x), so gelu' = Phi + x phi (Hendrycks and Gimpel 2016, eq. 2, the exact form).
Expr gelu_derivative(Expr x) {
  const Expr cumulative =
      Number::ratio(1, 2) * make_map(Function::erf, {x * root(Number::ratio(1, 2), x)}) + Number::ratio(1, 2);
  const Expr density = power(make_map(Function::sqrt, {Number(2) * make_pi(*x->context)}), -1) *
                       make_map(Function::exp, {Number::ratio(-1, 2) * power(x, 2)});
  return cumulative + x * density;
}

// silu(x) = x s(x), so silu' = s + x s (1 - s) = s + y (1 - s).
Expr silu_derivative(Expr x, Expr y) {
  const Expr s = make_map(Function::sigmoid, {x});
  return s + y - y * s;
}

Expr pow_derivative(int k, const std::vector<Expr>& x, Expr y) {
  return k == 0 ? x[1] * make_map(Function::pow, {x[0], x[1] + Number(-1)})
                : y * make_map(Function::log, {x[0]});
}

std::vector<FunctionRow> make_rows() {
  std::vector<FunctionRow> rows;
#define FREEFALL_FUNCTION(name, arity, cost, latex, value, derivative)       \
  rows.push_back({Function::name, #name, arity, cost, latex,                 \
                  [](const long double* x) -> long double { return value; }, \
                  [](int k, const std::vector<Expr>& x, Expr y) -> Expr { return derivative; }});
#include "codegen/ir/functions.def"
#undef FREEFALL_FUNCTION
  return rows;
}
#pragma GCC diagnostic pop

}  // namespace

const std::vector<FunctionRow>& functions() {
  static const std::vector<FunctionRow> rows = make_rows();
  return rows;
}

const FunctionRow& row(Function function) { return functions()[static_cast<std::size_t>(function)]; }

const FunctionRow* find_function(std::string_view name) {
  for (const FunctionRow& r : functions()) {
    if (r.name == name) return &r;
  }
  return nullptr;
}

}  // namespace freefall::ir

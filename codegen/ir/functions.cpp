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

Expr log_probability_derivative(Expr x) {
  return make_select(x - make_constant(*x->context, Number(1e-16)), power(x, -1), zero(x));
}

Expr pow_derivative(int k, const std::vector<Expr>& x, Expr y) {
  return k == 0 ? x[1] * make_map(Function::pow, {x[0], x[1] + Number(-1)})
                : y * make_map(Function::log, {x[0]});
}

// b coth b = 1 + b^2 / (3 + b^2 / (5 + ...)) (Gauss), so L(b) = coth b - 1/b is b times this; every term is
// positive. 40 levels give all digits of a long double for |b| < 3.
long double langevin_ratio(long double b) {
  long double tail = 81;
  for (int odd = 79; odd >= 3; odd -= 2) tail = static_cast<long double>(odd) + b * b / tail;
  return 1.0L / tail;
}
long double langevin_value(long double b) {
  const long double a = std::fabs(b);
  return a < 3.0L ? b * langevin_ratio(b) : std::copysign(1.0L + 2.0L / std::expm1(2.0L * a) - 1.0L / a, b);
}
// L' = 1 - L^2 - 2 L / b; beyond the fraction, 1/b^2 - 1/sinh^2 b.
long double langevin_derivative_value(long double b) {
  const long double a = std::fabs(b), r = langevin_ratio(b), e = std::exp(-2.0L * a);
  return a < 3.0L ? 1.0L - a * a * r * r - 2.0L * r
                  : (1.0L / a - 4.0L * e * a / ((1.0L - e) * (1.0L - e))) / a;
}
// ln(sinh b / b), near 0 by the series of sinh.
long double log_sinhc_value(long double b) {
  const long double a = std::fabs(b);
  if (a >= 3.0L) return a - std::log(2.0L * a) + std::log1p(-std::exp(-2.0L * a));
  long double term = 1, sum = 0;
  for (int n = 1; n <= 20; ++n) {
    term *= a * a / static_cast<long double>(2 * n * (2 * n + 1));
    sum += term;
  }
  return std::log1p(sum);
}
// s with (e^(b s) - e^-b) / (e^b - e^-b) = u.
long double continuous_bernoulli_quantile_value(long double u, long double b) {
  const long double a = std::fmax(std::fabs(b), 1e-30L), v = b < 0 ? 1.0L - u : u;
  const long double log_w = a < 1.0L ? std::log1p((1.0L - v) * std::expm1(-2.0L * a))
                                     : std::log(v + (1.0L - v) * std::exp(-2.0L * a));
  const long double s = std::fmax(-1.0L, std::fmin(1.0L, 1.0L + log_w / a));
  return b < 0 ? -s : s;
}

// L'' = 2 (L / b - L') / b - 2 L L', from L' = 1 - L^2 - 2 L / b; within 1/10 of zero its series.
Expr langevin_curvature(Expr b, Expr y) {
  const Expr l = make_map(Function::langevin, {b}), square = power(b, 2);
  const Expr formula = Number(2) * (l / b - y) / b - Number(2) * l * y;
  Expr series = make_constant(*b->context, Number::ratio(-13820, 58046625));
  for (const Number& c :
       {Number::ratio(16, 10395), Number::ratio(-6, 675), Number::ratio(8, 189), Number::ratio(-2, 15)})
    series = series * square + c;
  return make_select(square + Number::ratio(-1, 100), formula, b * series);
}

// With s = Q(u; b) and density p(s) = e^(b s) b / (2 sinh b): ds/du = 1 / p(s), and
// ds/db = (u e^(b (1 - s)) - (1 - u) e^(-b (1 + s)) - s) / b, near b = 0 by its series in b with t = 2 u - 1.
Expr continuous_bernoulli_quantile_derivative(int k, Expr u, Expr b, Expr s) {
  const auto exp = [](Expr e) { return make_map(Function::exp, {e}); };
  if (k == 0) return Number(2) * exp(make_map(Function::log_sinhc, {b}) - b * s);
  const Expr one = make_constant(*b->context, 1), t = Number(2) * u - one, spread = one - power(t, 2);
  const Expr formula = (u * exp(b * (one - s)) - (one - u) * exp(-(b * (one + s))) - s) / b;
  const Expr series = Number::ratio(1, 2) * spread - Number::ratio(2, 3) * b * t * spread;
  return make_select(make_map(Function::abs, {b}) + Number::ratio(-1, 100000), formula, series);
}

// Derivative n of the digamma function, x > 0, by its recurrence up to large x and the asymptotic series
// there (Abramowitz and Stegun 1972, 6.3.6, 6.3.18, 6.4.6, 6.4.11): with s = (-1)^(n+1) and y = x + m, s
// psi_n(x) = sum_{k<m} n! / (x + k)^(n+1) + (n-1)! / y^n + n! / (2 y^(n+1)) + sum_k B_2k (2k+n-1)! / ((2k)!
// y^(2k+n)), where -ln y stands for (n-1)! / y^n at n = 0.
long double polygamma_value(long n, long double x) {
  static constexpr long double kBernoulli[] = {
      1.0L / 6, -1.0L / 30,     1.0L / 42,      -1.0L / 30,       5.0L / 66,       -691.0L / 2730,
      7.0L / 6, -3617.0L / 510, 43867.0L / 798, -174611.0L / 330, 854513.0L / 138, -236364091.0L / 2730};
  if (!(x > 0) || n < 0) return std::nanl("");
  long double factorial = 1;  // n!
  for (long k = 2; k <= n; ++k) factorial *= static_cast<long double>(k);
  long double sum = 0, y = x;
  for (; y < static_cast<long double>(n + 30); y += 1) sum += factorial / std::pow(y, n + 1);
  const long double lower = std::pow(y, n);
  long double tail = n == 0 ? -std::log(y) : factorial / (static_cast<long double>(n) * lower);
  tail += factorial / (2 * lower * y);
  // (2k+n-1)! / (2k)! / y^(2k+n), from k to k + 1
  long double ratio = factorial * static_cast<long double>(n + 1) / (2 * lower * y * y);
  for (long k = 1; const long double b : kBernoulli) {
    tail += b * (n == 0 ? 1.0L / (2.0L * static_cast<long double>(k) * std::pow(y, 2 * k)) : ratio);
    ratio *= static_cast<long double>((2 * k + n) * (2 * k + n + 1)) /
             (static_cast<long double>((2 * k + 1) * (2 * k + 2)) * y * y);
    ++k;
  }
  return (n % 2 == 0 ? -1.0L : 1.0L) * (sum + tail);
}
Expr polygamma_derivative(int k, const std::vector<Expr>& x) {
  return k == 0 ? zero(x[0]) : make_map(Function::polygamma, {x[0] + Number(1), x[1]});
}

std::vector<FunctionRow> make_rows() {
  std::vector<FunctionRow> rows;
#define FREEFALL_FUNCTION(name, arity, cost, latex, value, derivative)                        \
  rows.push_back({Function::name, #name, arity, cost, latex,                                  \
                  []([[maybe_unused]] const long double* x) -> long double { return value; }, \
                  []([[maybe_unused]] int k, [[maybe_unused]] const std::vector<Expr>& x,     \
                     [[maybe_unused]] Expr y) -> Expr { return derivative; }});
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

#pragma once
// Central differences in long double, for checking hand-written derivatives.

#include <cmath>
#include <random>

#include "models/reference/optimiser.hpp"

namespace freefall::by_hand {

using real = long double;

// Every function here is smooth with derivatives of order one, so a step h leaves a truncation error near h^2
// = 1e-10 and a rounding error near 1e-19 * |F| / h = 1e-13 (x87, |F| < 20).
inline constexpr real difference_step = 1e-5L;
inline constexpr real difference_tolerance = 1e-8L;

// (f(x + h) - f(x - h)) / 2h, x being moved in place and put back.
template <class Function>
real central_difference(real& x, Function f) {
  const real at = x;
  x = at + difference_step;
  const real above = f();
  x = at - difference_step;
  const real below = f();
  x = at;
  return (above - below) / (2 * difference_step);
}

// The largest distance of `gradient` from the central differences of f with respect to every element of
// `value`.
template <class Array, class Function>
real worst_difference(Array& value, const Array& gradient, Function f) {
  const Array stated = gradient;  // f may overwrite it
  real worst = 0;
  for (Eigen::Index i = 0; i < value.size(); ++i)
    worst = std::max(worst, std::abs(central_difference(value.data()[i], f) - stated.data()[i]));
  return worst;
}

// Normal numbers from a fixed seed.
class source {
 public:
  explicit source(unsigned seed) : engine_(seed) {}
  matrix<real> operator()(Eigen::Index rows, Eigen::Index columns, real deviation = 1) {
    return matrix<real>::NullaryExpr(rows, columns, [&] { return deviation * normal_(engine_); });
  }

 private:
  std::mt19937_64 engine_;
  std::normal_distribution<real> normal_;
};

}  // namespace freefall::by_hand

#pragma once
// A scalar filter follows y = sin wt, all of whose derivatives it sees: f the identity, precision k at every
// order and none for the prior, no correlation between orders. The error that is left has a closed form.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <freefall/runtime/buffer.hpp>
#include <generalised_linear_1.hpp>
#include <generalised_linear_2.hpp>
#include <generalised_linear_3.hpp>
#include <generalised_linear_4.hpp>
#include <numbers>
#include <stdexcept>
#include <vector>

namespace freefall::models::generalised_filter {

inline constexpr double k = 4, w = 1, dt = 1e-3;
inline constexpr std::size_t most_orders = 4;

/// Largest order-0 error over the last of ten periods.
template <class Arrays, class Kernel>
double amplitude(std::size_t orders, const Kernel& kernel) {
  Arrays a;
  std::vector<double> x(orders, 0.0), y(orders), s(orders * orders, 0.0);
  for (std::size_t n = 0; n < orders; ++n) s[n * orders + n] = 1;
  double one = 1, zero = 0, precision = k, step = dt;
  a.x = x.data();
  a.y = y.data();
  a.S = s.data();
  a.C = &one;
  a.H = &one;
  a.Py = &precision;
  a.Px = &zero;
  a.step = &step;
  runtime::workspace memory(1 << 14);
  const int period = static_cast<int>(2 * std::numbers::pi / w / dt);
  double largest = 0;
  for (int t = 0; t < 10 * period; ++t) {
    const double at = w * dt * t;
    for (std::size_t n = 0; n < orders; ++n)
      y[n] = std::pow(w, n) * std::sin(at + std::numbers::pi / 2 * static_cast<double>(n));
    if (t >= 9 * period) largest = std::max(largest, std::abs(y[0] - x[0]));
    if (!kernel(a, memory.data()).ok())
      throw std::runtime_error("generalised_filter: a kernel refused its arrays");
  }
  return largest;
}

struct tracking_error {
  double moving, resting;  // with the moving frame and without
};

/// Of the filter with 1 to `most_orders` orders.
inline tracking_error amplitudes(std::size_t orders) {
  switch (orders) {
    case 1:
      return {amplitude<generalised_linear_1::arrays>(1, generalised_linear_1::tick),
              amplitude<generalised_linear_1::arrays>(1, generalised_linear_1::resting)};
    case 2:
      return {amplitude<generalised_linear_2::arrays>(2, generalised_linear_2::tick),
              amplitude<generalised_linear_2::arrays>(2, generalised_linear_2::resting)};
    case 3:
      return {amplitude<generalised_linear_3::arrays>(3, generalised_linear_3::tick),
              amplitude<generalised_linear_3::arrays>(3, generalised_linear_3::resting)};
    case 4:
      return {amplitude<generalised_linear_4::arrays>(4, generalised_linear_4::tick),
              amplitude<generalised_linear_4::arrays>(4, generalised_linear_4::resting)};
  }
  throw std::invalid_argument("generalised_filter: expected one to four orders");
}

/// The error e_n of order n obeys e_n' = -k e_n + e_(n+1): order 0 passes N first-order low-passes 1 / (iw +
/// k), the last of which is driven by y^(N), of amplitude w^N. Without the moving frame e_0 is driven by y':
/// the same as N = 1.
inline double closed_form(std::size_t orders) {
  return std::pow(w / std::sqrt(k * k + w * w), static_cast<double>(orders));
}
/// An Euler step adds dt/2 y^(n+2) to what drives order n, which reaches order 0 through n + 1 low-passes of
/// gain below 1/k: less than dt/2 (1/k + 1/k^2 + ...) for w = 1.
inline constexpr double euler_error = dt / 2 / (k - 1);

}  // namespace freefall::models::generalised_filter

// Filters in generalised coordinates: the closed form of the tracking error, and the filter written by hand.

#include <gtest/gtest.h>
#include <freefall/runtime/buffer.hpp>
#include <freefall/runtime/temporal_covariance.hpp>
#include <generalised_dynamic.hpp>
#include <generalised_linear_1.hpp>
#include <generalised_linear_2.hpp>
#include <generalised_linear_3.hpp>
#include <generalised_linear_4.hpp>
#include <generalised_static.hpp>

#include <cmath>
#include <vector>

#include "models/generalised_filter/reference.hpp"

namespace {

using matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using column = Eigen::VectorXd;
namespace by_hand = freefall::reference::generalised_filter;

std::vector<double> temporal(std::size_t orders, double smoothness) {
  std::vector<double> s(orders * orders);
  freefall::runtime::temporal_covariance(orders, smoothness, s.data());
  return s;
}

// ---- closed form
// ---------------------------------------------------------------------------------------------------

constexpr double k = 4, w = 1, dt = 1e-3;

// Largest order-0 error over the last of ten periods when y = (sin wt and its derivatives), y = x + noise of
// precision k at every order and no correlation between orders (S = 1), and the prior has no precision.
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
  freefall::runtime::workspace memory(1 << 14);
  const int period = static_cast<int>(2 * M_PI / w / dt);
  double largest = 0;
  for (int t = 0; t < 10 * period; ++t) {
    const double at = w * dt * t;
    for (std::size_t n = 0; n < orders; ++n)
      y[n] = std::pow(w, n) * std::sin(at + M_PI / 2 * static_cast<double>(n));
    if (t >= 9 * period) largest = std::max(largest, std::abs(y[0] - x[0]));
    EXPECT_TRUE(kernel(a, memory.data()).ok());
  }
  return largest;
}

// The error e_n of order n obeys e_n' = -k e_n + e_(n+1): order 0 passes N first-order low-passes 1 / (iw +
// k), the last of which is driven by y^(N), of amplitude w^N. Without the moving frame e_0 is driven by y'.
double closed_form(std::size_t orders) {
  return std::pow(w / std::sqrt(k * k + w * w), static_cast<double>(orders));
}
// An Euler step adds dt/2 y^(n+2) to what drives order n, which reaches order 0 through n + 1 low-passes of
// gain below 1/k: less than dt/2 (1/k + 1/k^2 + ...) for w = 1.
constexpr double euler_error = dt / 2 / (k - 1);

TEST(GeneralisedFilter, MovingFrameRaisesTheTrackingErrorToThePowerOfTheOrders) {
  EXPECT_NEAR(amplitude<generalised_linear_1::arrays>(1, generalised_linear_1::tick), closed_form(1),
              euler_error);
  EXPECT_NEAR(amplitude<generalised_linear_2::arrays>(2, generalised_linear_2::tick), closed_form(2),
              euler_error);
  EXPECT_NEAR(amplitude<generalised_linear_3::arrays>(3, generalised_linear_3::tick), closed_form(3),
              euler_error);
  EXPECT_NEAR(amplitude<generalised_linear_4::arrays>(4, generalised_linear_4::tick), closed_form(4),
              euler_error);
}

TEST(GeneralisedFilter, WithoutItMoreOrdersDoNotHelp) {
  EXPECT_NEAR(amplitude<generalised_linear_1::arrays>(1, generalised_linear_1::resting), closed_form(1),
              euler_error);
  EXPECT_NEAR(amplitude<generalised_linear_2::arrays>(2, generalised_linear_2::resting), closed_form(1),
              euler_error);
  EXPECT_NEAR(amplitude<generalised_linear_3::arrays>(3, generalised_linear_3::resting), closed_form(1),
              euler_error);
  EXPECT_NEAR(amplitude<generalised_linear_4::arrays>(4, generalised_linear_4::resting), closed_form(1),
              euler_error);
}

// ---- against the filter written by hand: nonlinear, three orders, correlated in orders and components
// ----------------------------------------------------------------------------------------------------------

constexpr std::size_t orders = 3;
constexpr double smoothness = 0.6;

struct setting {
  matrix c = (matrix(3, 2) << 0.8, -0.5, 0.3, 0.9, -0.4, 0.6).finished();
  matrix h = (matrix(2, 2) << -0.2, 1.1, -0.9, -0.1).finished();
  matrix py = (matrix(3, 3) << 2.0, 0.3, -0.1, 0.3, 1.5, 0.2, -0.1, 0.2, 1.2).finished();
  matrix px = (matrix(2, 2) << 1.3, -0.4, -0.4, 0.9).finished();
  column cause = (column(6) << 0.4, -0.2, 0.1, 0.6, -0.5, 0.3).finished();

  by_hand::differentiable<double> observe() const {
    return {[m = c](const auto& x) -> freefall::reference::column<double> { return (m * x).array().tanh(); },
            [m = c](const auto& x) -> freefall::reference::matrix<double> {
              const column g = (m * x).array().tanh();
              return (1 - g.array().square()).matrix().asDiagonal() * m;
            }};
  }
  by_hand::differentiable<double> move() const {
    return {[m = h](const auto& x) -> freefall::reference::column<double> { return m * x; },
            [m = h](const auto&) -> freefall::reference::matrix<double> { return m; }};
  }
};

template <class Arrays, class Tick, class Energy, class Reference>
void expect_same(Arrays& a, const setting& s, const Tick& tick, const Energy& energy, Reference& reference) {
  column x = column::Zero(6), y(9);
  std::vector<double> cov = temporal(orders, smoothness);
  double step = 0.02, value = 0;
  a.x = x.data();
  a.y = y.data();
  a.S = cov.data();
  a.C = s.c.data();
  a.Py = s.py.data();
  a.Px = s.px.data();
  a.step = &step;
  a.energy = &value;
  freefall::runtime::workspace memory(1 << 16);
  for (int t = 0; t < 200; ++t) {
    for (int i = 0; i < 9; ++i) y[i] = std::sin(0.05 * t + i) * (i < 3 ? 0.7 : 0.4);
    ASSERT_TRUE(energy(a, memory.data()).ok());
    ASSERT_NEAR(value, reference.energy(y), 1e-10) << "tick " << t;
    ASSERT_TRUE(tick(a, memory.data()).ok());
    reference.step(y, step);
    ASSERT_NEAR((x - reference.mu).cwiseAbs().maxCoeff(), 0, 1e-11) << "tick " << t;
  }
}

freefall::reference::matrix<double> generalised(const matrix& precision) {
  return by_hand::generalised_precision<double>(orders, smoothness,
                                                freefall::reference::matrix<double>(precision));
}

TEST(GeneralisedFilter, DynamicPriorEqualsTheFilterByHand) {
  setting s;
  by_hand::filter<double> reference(orders, 2, s.observe(), generalised(s.py));
  reference.set_prior(by_hand::dynamic_prior<double>{s.move()}, generalised(s.px));
  generalised_dynamic::arrays a;
  a.H = s.h.data();
  expect_same(a, s, generalised_dynamic::tick, generalised_dynamic::energy, reference);
}

TEST(GeneralisedFilter, StaticPriorEqualsTheFilterByHand) {
  setting s;
  by_hand::filter<double> reference(orders, 2, s.observe(), generalised(s.py));
  reference.set_prior(by_hand::static_prior<double>{s.move(), s.cause}, generalised(s.px));
  generalised_static::arrays a;
  a.G = s.h.data();
  a.c = s.cause.data();
  expect_same(a, s, generalised_static::tick, generalised_static::energy, reference);
}

// rho = exp(-h^2 / 2 s^2): rows (1, 0, -1/s^2), (0, 1/s^2, 0), (-1/s^2, 0, 3/s^4).
TEST(GeneralisedFilter, TemporalCovarianceOfGaussianAutocorrelation) {
  const double v = 1 / (smoothness * smoothness);
  const std::vector<double> expected = {1, 0, -v, 0, v, 0, -v, 0, 3 * v * v}, found = temporal(3, smoothness);
  for (std::size_t i = 0; i < 9; ++i) EXPECT_NEAR(found[i], expected[i], 1e-14 * v * v) << i;
}

}  // namespace

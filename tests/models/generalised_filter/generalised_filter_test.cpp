// Filters in generalised coordinates: the closed form of the tracking error, and the filter written by hand.

#include <gtest/gtest.h>
#include <freefall/runtime/buffer.hpp>
#include <freefall/runtime/temporal_covariance.hpp>
#include <generalised_dynamic.hpp>
#include <generalised_static.hpp>

#include <cmath>
#include <vector>

#include "models/generalised_filter/reference.hpp"
#include "models/generalised_filter/tracking.hpp"

namespace {

using matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using column = Eigen::VectorXd;
namespace by_hand = freefall::by_hand::generalised_filter;

std::vector<double> temporal(std::size_t orders, double smoothness) {
  std::vector<double> s(orders * orders);
  freefall::runtime::temporal_covariance(orders, smoothness, s.data());
  return s;
}

namespace tracking = freefall::models::generalised_filter;

// ---- closed form

TEST(GeneralisedFilter, MovingFrameRaisesTheTrackingErrorToThePowerOfTheOrders) {
  for (std::size_t orders = 1; orders <= tracking::most_orders; ++orders)
    EXPECT_NEAR(tracking::amplitudes(orders).moving, tracking::closed_form(orders), tracking::euler_error);
}

TEST(GeneralisedFilter, WithoutItMoreOrdersDoNotHelp) {
  for (std::size_t orders = 1; orders <= tracking::most_orders; ++orders)
    EXPECT_NEAR(tracking::amplitudes(orders).resting, tracking::closed_form(1), tracking::euler_error);
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
    return {[m = c](const auto& x) -> freefall::by_hand::column<double> { return (m * x).array().tanh(); },
            [m = c](const auto& x) -> freefall::by_hand::matrix<double> {
              const column g = (m * x).array().tanh();
              return (1 - g.array().square()).matrix().asDiagonal() * m;
            }};
  }
  by_hand::differentiable<double> move() const {
    return {[m = h](const auto& x) -> freefall::by_hand::column<double> { return m * x; },
            [m = h](const auto&) -> freefall::by_hand::matrix<double> { return m; }};
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

freefall::by_hand::matrix<double> generalised(const matrix& precision) {
  return by_hand::generalised_precision<double>(orders, smoothness,
                                                freefall::by_hand::matrix<double>(precision));
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

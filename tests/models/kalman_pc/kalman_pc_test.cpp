// The predictive-coding filters on the accelerating body: each against the filter written by hand, the fixed
// point, the approach to it, and the functional.

#include <gtest/gtest.h>

#include "models/kalman_pc/distances.hpp"
#include "models/kalman_pc/reference.hpp"

namespace freefall::models::kalman_pc {
namespace {

namespace by_hand = freefall::by_hand::kalman_pc;
using column = freefall::by_hand::column<double>;

by_hand::linear_model<double> model_of(const observed_flight& seen) {
  return {transition(), vector(0, 0, 1), seen.c, matrix::Identity(), matrix::Identity()};
}

std::vector<vector> by_reference(const by_hand::settings<double>& how, const flight& f,
                                 const observed_flight& seen) {
  by_hand::filter<double> filter(model_of(seen), {vector::Zero(), matrix::Identity()}, how);
  std::vector<vector> out;
  for (std::size_t t = 0; t < ticks; ++t) {
    const column u = column::Constant(1, f.control[t]), y = seen.sensed[t];
    if (how.steps == 0)
      filter.settled_step(u, y);
    else
      filter.step(u, y);
    out.emplace_back(filter.state().mean);
  }
  return out;
}

TEST(KalmanPc, EveryFilterOfTheTableIsTheOneWrittenByHand) {
  using enum by_hand::precision_rule;
  using enum by_hand::prior_rule;
  const std::vector<std::pair<const char*, by_hand::settings<double>>> expected = {
      {"kalman", {riccati, anchored, 0, {}}},
      {"5_steps", {constant, anchored, 5, 0.05}},
      {"2_steps", {constant, anchored, 2, 0.07}},
      {"converged", {constant, anchored, 0, {}}},
      {"riccati_20_steps", {riccati, anchored, 20, {}}},
      {"unanchored_5_steps", {constant, unanchored, 5, 0.05}},
      {"unanchored_2_steps", {constant, unanchored, 2, 0.07}}};
  const auto all = methods();
  ASSERT_EQ(all.size(), expected.size());
  const flight body;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const observed_flight seen(body, seed);
    for (std::size_t n = 0; n < all.size(); ++n) {
      ASSERT_EQ(all[n].name, expected[n].first);
      const auto found = all[n].track(body, seen), reference = by_reference(expected[n].second, body, seen);
      double worst = 0;
      for (std::size_t t = 0; t < ticks; ++t)
        worst = std::max(worst, (found[t] - reference[t]).cwiseAbs().maxCoeff() /
                                    (1 + reference[t].cwiseAbs().maxCoeff()));
      EXPECT_LT(worst, 1e-11) << all[n].name << ", sensors " << seed;
    }
  }
}

// A tick at whose end the estimate has not moved: dF/dx = 0, solved by hand.
vector fixed_point(const point_filter& f, const vector& before) {
  const vector predicted = f.a * before + f.b * f.u;
  const matrix curvature = f.c.transpose() * f.c + matrix::Identity();
  return curvature.ldlt().solve(f.c.transpose() * f.y + predicted);
}

TEST(KalmanPc, SettlesAtTheModeAndComesCloserWithEveryStep) {
  point_filter f(observed_flight(flight(), 3).c);
  f.u = 0.5;
  f.y = vector(1, -2, 0.5);
  f.step = 1 / largest_eigenvalue(f.c.transpose() * f.c + matrix::Identity());
  const vector start(0.3, 0.1, -0.2);
  const vector mode = fixed_point(f, start);
  double last = 1e300;
  for (const auto& k : {kalman_pc_body::tick2, kalman_pc_body::tick5, kalman_pc_body::settle}) {
    f.x = start;
    f.run(k);
    EXPECT_EQ(f.before, start);
    EXPECT_LT((f.x - mode).norm(), last);
    last = (f.x - mode).norm();
  }
  EXPECT_LT(last, 1e-11);
  f.x = start;
  f.run(kalman_pc_body::mode);
  EXPECT_LT((f.x - mode).norm(), 1e-14);
}

// F in nats with its constants: -ln N(x; A x_previous + B u, Q) - ln N(y; C x, R), Q = R = I.
TEST(KalmanPc, EnergyIsTheNegativeLogJoint) {
  point_filter f(observed_flight(flight(), 4).c);
  f.x = vector(0.3, -0.4, 1.2);
  f.before = vector(0.1, 0.2, 0.9);
  f.y = vector(1, 0, -1);
  f.u = 0.3;
  f.run(kalman_pc_body::energy);
  const vector error_x = f.x - f.a * f.before - f.b * f.u, error_y = f.y - f.c * f.x;
  EXPECT_NEAR(f.energy, 0.5 * error_x.squaredNorm() + 0.5 * error_y.squaredNorm() + 3 * std::log(2 * M_PI),
              1e-12);
}

}  // namespace
}  // namespace freefall::models::kalman_pc

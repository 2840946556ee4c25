// The predictive-coding filter with constant precision on the accelerating body: the table of medians over
// random sensors, its fixed point, its approach to it, and its derivatives.

#include <gtest/gtest.h>
#include <freefall/runtime/buffer.hpp>
#include <kalman_pc_body.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <string>

#include "body.hpp"

namespace {

using body::matrix;
using body::vector;

// The arrays of one filter; noise covariances are the identity.
struct filter {
  vector x = vector::Zero(), before = vector::Zero(), y = vector::Zero();
  matrix a = body::transition(), c, one = matrix::Identity();
  vector b = vector(0, 0, 1);
  double u = 0, step = 0, energy = 0;
  freefall::runtime::workspace memory{4096};
  kalman_pc_body::arrays arrays;

  explicit filter(const matrix& sensors) : c(sensors) {
    arrays.x = x.data();
    arrays.x_previous = before.data();
    arrays.y = y.data();
    arrays.u = &u;
    arrays.step = &step;
    arrays.A = a.data();
    arrays.B = b.data();
    arrays.C = c.data();
    arrays.Q = one.data();
    arrays.R = one.data();
    arrays.energy = &energy;
  }
  filter(const filter&) = delete;

  double largest_curvature() const {
    return (c.transpose() * c + one).selfadjointView<Eigen::Lower>().eigenvalues().maxCoeff();
  }
};

using kernel = std::function<bool(filter&)>;
template <auto Kernel>
kernel tick(double step) {
  return [step](filter& f) {
    f.step = step;
    return Kernel(f.arrays, f.memory.data()).ok();
  };
}
kernel settle() {
  return [](filter& f) {
    f.step = 1 / f.largest_curvature();
    return kalman_pc_body::settle(f.arrays, f.memory.data()).ok();
  };
}

struct distances {
  std::array<double, 3> truth{}, kalman{};  // root mean square over the ticks
};

distances run(const kernel& k, std::uint64_t seed) {
  const body::stream s = body::make_stream(seed);
  filter f(s.c);
  body::kalman exact;
  distances out;
  for (int t = 0; t < body::ticks; ++t) {
    f.u = s.control[static_cast<std::size_t>(t)];
    f.y = s.sensed[static_cast<std::size_t>(t)];
    EXPECT_TRUE(k(f));
    exact.tick(s.c, f.u, f.y);
    for (int i = 0; i < 3; ++i) {
      const auto n = static_cast<std::size_t>(i);
      out.truth[n] += std::pow(f.x[i] - s.truth[static_cast<std::size_t>(t)][i], 2);
      out.kalman[n] += std::pow(f.x[i] - exact.mean[i], 2);
    }
  }
  for (std::size_t n = 0; n < 3; ++n) {
    out.truth[n] = std::sqrt(out.truth[n] / body::ticks);
    out.kalman[n] = std::sqrt(out.kalman[n] / body::ticks);
  }
  return out;
}

double median(std::vector<double> v) {
  std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2), v.end());
  return v[v.size() / 2];
}

distances medians(const kernel& k, std::uint64_t sensors) {
  std::vector<distances> all;
  for (std::uint64_t seed = 0; seed < sensors; ++seed) all.push_back(run(k, seed));
  distances out;
  for (std::size_t n = 0; n < 3; ++n) {
    std::vector<double> truth, kalman;
    for (const distances& d : all) truth.push_back(d.truth[n]), kalman.push_back(d.kalman[n]);
    out.truth[n] = median(truth);
    out.kalman[n] = median(kalman);
  }
  return out;
}

struct row {
  std::string name;
  kernel k;
  distances expected;
};

// The body and the filters of the paper in an independent implementation, 50 random sensors, medians over the
// sensors of the root mean square distances. C has independent entries, so no component is favoured: the
// medians of its three components differ by their sampling error only, and their mean is compared, to 15
// percent.
TEST(KalmanPc, DistancesToTruthAndToTheKalmanFilterAreThoseOfThePaper) {
  const std::vector<row> table = {
      {"five steps of 0.05", tick<kalman_pc_body::tick5>(0.05), {{0.33, 0.33, 0.33}, {0.58, 0.64, 0.56}}},
      {"two steps of 0.07", tick<kalman_pc_body::tick2>(0.07), {{0.26, 0.26, 0.27}, {0.62, 0.69, 0.63}}},
      {"converged", settle(), {{0.51, 0.51, 0.55}, {0.33, 0.38, 0.30}}},
      {"five steps, unanchored",
       tick<kalman_pc_body::unanchored5>(0.05),
       {{1.06, 1.31, 1.44}, {1.20, 1.37, 1.54}}},
      {"two steps, unanchored",
       tick<kalman_pc_body::unanchored2>(0.07),
       {{1.93, 2.47, 2.68}, {2.18, 2.51, 2.77}}},
  };
  const auto mean = [](const std::array<double, 3>& a) { return (a[0] + a[1] + a[2]) / 3; };
  for (const row& r : table) {
    const distances found = medians(r.k, 50);
    EXPECT_NEAR(mean(found.truth) / mean(r.expected.truth), 1, 0.15) << r.name;
    EXPECT_NEAR(mean(found.kalman) / mean(r.expected.kalman), 1, 0.15) << r.name;
  }
}

// Millidge 2021, figure 3.11: five steps follow the Kalman filter; here to 2 percent of the last value of
// each component of the state, (41, 90, 100).
TEST(KalmanPc, FiveStepsFollowTheKalmanFilter) {
  const distances found = medians(tick<kalman_pc_body::tick5>(0.05), 50);
  const vector last = body::make_stream(0).truth.back();
  for (std::size_t n = 0; n < 3; ++n) EXPECT_LT(found.kalman[n], 0.02 * last[static_cast<int>(n)]);
}

// A tick at whose end the estimate has not moved: dF/dx = 0, solved by hand.
vector fixed_point(const filter& f, const vector& before) {
  const vector predicted = f.a * before + f.b * f.u;
  const matrix curvature = f.c.transpose() * f.c + f.one;
  return curvature.ldlt().solve(f.c.transpose() * f.y + predicted);
}

TEST(KalmanPc, SettlesAtTheModeAndComesCloserWithEveryStep) {
  const body::stream s = body::make_stream(3);
  filter f(s.c);
  f.u = 0.5;
  f.y = vector(1, -2, 0.5);
  f.step = 1 / f.largest_curvature();
  const vector start(0.3, 0.1, -0.2);
  const vector mode = fixed_point(f, start);
  double last = 1e300;
  for (const auto& k : {kalman_pc_body::tick2, kalman_pc_body::tick5, kalman_pc_body::settle}) {
    f.x = start;
    ASSERT_TRUE(k(f.arrays, f.memory.data()).ok());
    EXPECT_EQ(f.before, start);
    EXPECT_LT((f.x - mode).norm(), last);
    last = (f.x - mode).norm();
  }
  EXPECT_LT(last, 1e-11);
}

// F in nats with its constants: -ln N(x; A x_previous + B u, Q) - ln N(y; C x, R), Q = R = I.
TEST(KalmanPc, EnergyIsTheNegativeLogJoint) {
  filter f(body::make_stream(4).c);
  f.x = vector(0.3, -0.4, 1.2);
  f.before = vector(0.1, 0.2, 0.9);
  f.y = vector(1, 0, -1);
  f.u = 0.3;
  ASSERT_TRUE(kalman_pc_body::energy(f.arrays, f.memory.data()).ok());
  const vector error_x = f.x - f.a * f.before - f.b * f.u, error_y = f.y - f.c * f.x;
  EXPECT_NEAR(f.energy, 0.5 * error_x.squaredNorm() + 0.5 * error_y.squaredNorm() + 3 * std::log(2 * M_PI),
              1e-12);
}

}  // namespace

// The filter whose precision is derived as well: with a linear model it is the Kalman filter, with a
// nonlinear one the iterated extended Kalman filter, both written by hand here.

#include <gtest/gtest.h>
#include <freefall/runtime/buffer.hpp>
#include <kalman_pc_riccati.hpp>
#include <kalman_pc_tanh.hpp>

#include <algorithm>

#include "body.hpp"

namespace {

using body::matrix;
using body::vector;

// The arrays of a filter with 3 states and `Senses` sensors; process noise is the identity.
template <class Arrays, int Senses>
struct filter {
  using sensors = Eigen::Matrix<double, Senses, 3, Eigen::RowMajor>;
  using noise = Eigen::Matrix<double, Senses, Senses, Eigen::RowMajor>;
  using reading = Eigen::Matrix<double, Senses, 1>;
  vector x = vector::Zero(), before = vector::Zero();
  matrix precision = matrix::Identity(), precision_before = matrix::Identity();
  matrix a = body::transition(), q = matrix::Identity();
  sensors c;
  noise r = noise::Identity();
  reading y = reading::Zero();
  vector b = vector(0, 0, 1);
  double u = 0, step = 0, energy = 0;
  freefall::runtime::workspace memory{16384};
  Arrays arrays;

  explicit filter(const sensors& by) : c(by) {
    arrays.x = x.data();
    arrays.x_previous = before.data();
    arrays.x_precision = precision.data();
    arrays.x_previous_precision = precision_before.data();
    arrays.y = y.data();
    arrays.u = &u;
    arrays.step = &step;
    arrays.A = a.data();
    arrays.B = b.data();
    arrays.C = c.data();
    arrays.Q = q.data();
    arrays.R = r.data();
    arrays.energy = &energy;
  }
  filter(const filter&) = delete;
};
using linear = filter<kalman_pc_riccati::arrays, 3>;
using nonlinear = filter<kalman_pc_tanh::arrays, 2>;

// 3.10 of the specification of this filter: "converged + Riccati equals the Kalman filter to 1e-10", for all
// 50 random sensors.
TEST(KalmanPcRiccati, EqualsTheKalmanFilterToRounding) {
  double worst = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const body::stream s = body::make_stream(seed);
    linear f(s.c);
    body::kalman exact;
    for (std::size_t t = 0; t < static_cast<std::size_t>(body::ticks); ++t) {
      f.u = s.control[t];
      f.y = s.sensed[t];
      ASSERT_TRUE(kalman_pc_riccati::settle(f.arrays, f.memory.data()).ok());
      exact.tick(s.c, f.u, f.y);
      worst = std::max(worst, (f.x - exact.mean).cwiseAbs().maxCoeff());
      worst = std::max(worst, (matrix(f.precision.inverse()) - exact.covariance).cwiseAbs().maxCoeff() /
                                  exact.covariance.cwiseAbs().maxCoeff());
    }
  }
  EXPECT_LT(worst, 1e-10);
}

// The gradient of F by the precision vanishes at the derived one, by central differences of the kernel
// `energy`.
TEST(KalmanPcRiccati, PrecisionIsAStationaryPointOfTheFreeEnergy) {
  nonlinear f((nonlinear::sensors() << 0.8, -0.5, 0.3, 0.2, 0.9, -0.7).finished());
  f.x = vector(0.4, -0.3, 0.8);
  f.y << 0.3, -0.6;
  f.u = 0.7;
  ASSERT_TRUE(kalman_pc_tanh::settle(f.arrays, f.memory.data()).ok());
  const auto energy = [&] {
    EXPECT_TRUE(kalman_pc_tanh::energy(f.arrays, f.memory.data()).ok());
    return f.energy;
  };
  const double h = 1e-4;
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j <= i; ++j) {
      const auto moved = [&](double by) {
        const matrix kept = f.precision;
        f.precision(i, j) += by;
        if (i != j) f.precision(j, i) += by;
        const double out = energy();
        f.precision = kept;
        return out;
      };
      EXPECT_NEAR((moved(h) - moved(-h)) / (2 * h), 0, 1e-7) << i << ", " << j;
      EXPECT_GT(moved(0.1), energy());
      EXPECT_GT(moved(-0.1), energy());
    }
  }
}

// Bell and Cathey 1993: the update of the extended Kalman filter, iterated, is Gauss-Newton on the posterior.
struct iterated_extended_kalman {
  vector mean = vector::Zero();
  matrix covariance = matrix::Identity();

  void tick(const nonlinear& f, double control, const nonlinear::reading& y) {
    const matrix one = matrix::Identity();
    const vector h = (f.a * mean).array().tanh();
    const matrix jf = (1 - h.array().square()).matrix().asDiagonal() * f.a;
    const vector predicted = h + f.b * control;
    const matrix p = jf * covariance * jf.transpose() + f.q;
    vector x = predicted;
    nonlinear::sensors j;
    Eigen::Matrix<double, 3, 2> gain;
    for (int pass = 0; pass < 200; ++pass) {
      const nonlinear::reading g = (f.c * x).array().tanh();
      j = (1 - g.array().square()).matrix().asDiagonal() * f.c;
      gain = p * j.transpose() * (j * p * j.transpose() + f.r).inverse();
      x = predicted + gain * (y - g - j * (predicted - x));
    }
    mean = x;
    covariance = (one - gain * j) * p;
  }
};

TEST(KalmanPcRiccati, NonlinearEqualsTheIteratedExtendedKalmanFilter) {
  nonlinear f((nonlinear::sensors() << 0.8, -0.5, 0.3, 0.2, 0.9, -0.7).finished());
  f.a << 0.9, 0.3, -0.2, -0.4, 0.8, 0.1, 0.2, -0.3, 0.7;
  f.r *= 0.3;
  f.q *= 0.1;
  iterated_extended_kalman exact;
  std::mt19937_64 bits(5);
  std::normal_distribution<double> normal;
  for (int t = 0; t < 300; ++t) {
    f.u = std::sin(0.1 * t);
    f.y << 0.5 * std::tanh(normal(bits)), 0.5 * std::tanh(normal(bits));
    ASSERT_TRUE(kalman_pc_tanh::settle(f.arrays, f.memory.data()).ok());
    exact.tick(f, f.u, f.y);
    ASSERT_NEAR((f.x - exact.mean).cwiseAbs().maxCoeff(), 0, 1e-10) << "tick " << t;
    ASSERT_NEAR((matrix(f.precision.inverse()) - exact.covariance).cwiseAbs().maxCoeff(), 0, 1e-10)
        << "tick " << t;
  }
}

}  // namespace

// The filter whose precision is derived as well: with a linear model it is the Kalman filter, with a
// nonlinear one the iterated extended Kalman filter, both written by hand here.

#include <gtest/gtest.h>
#include <kalman_pc_tanh.hpp>

#include <random>

#include "models/kalman_pc/distances.hpp"

namespace freefall::models::kalman_pc {
namespace {

using nonlinear = filter<kalman_pc_tanh::arrays, 2>;

// All 50 random sensors of the table, mean and covariance.
TEST(KalmanPcRiccati, EqualsTheKalmanFilterToRounding) {
  double worst = 0;
  const flight body;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const observed_flight seen(body, seed);
    normal_filter f(seen.c);
    kalman exact;
    for (std::size_t t = 0; t < ticks; ++t) {
      f.u = body.control[t];
      f.y = seen.sensed[t];
      f.run(kalman_pc_riccati::settle);
      exact.tick(seen.c, f.u, f.y);
      worst = std::max(worst, (f.x - exact.mean).cwiseAbs().maxCoeff());
      worst = std::max(worst, (matrix(f.precision.inverse()) - exact.covariance).cwiseAbs().maxCoeff() /
                                  exact.covariance.cwiseAbs().maxCoeff());
    }
  }
  EXPECT_LT(worst, 1e-10);
}

// A step of 1 / (largest curvature) that is taken twenty times comes closer to the Kalman mean than one that
// is half as long, and leaves the covariance, which does not hang on the mean, exact.
TEST(KalmanPcRiccati, TwentyStepsApproachTheKalmanMeanAndKeepItsCovariance) {
  const flight body;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const observed_flight seen(body, seed);
    const double curvature = largest_eigenvalue(seen.c.transpose() * seen.c + matrix::Identity());
    double distance[2] = {0, 0};
    for (const int k : {0, 1}) {
      normal_filter f(seen.c);
      kalman exact;
      f.step = (k == 0 ? 0.5 : 1) / curvature;
      for (std::size_t t = 0; t < ticks; ++t) {
        f.u = body.control[t];
        f.y = seen.sensed[t];
        f.run(kalman_pc_riccati::descend20);
        exact.tick(seen.c, f.u, f.y);
        distance[k] += (f.x - exact.mean).squaredNorm();
        ASSERT_LT((matrix(f.precision.inverse()) - exact.covariance).cwiseAbs().maxCoeff() /
                      exact.covariance.cwiseAbs().maxCoeff(),
                  1e-10);
      }
    }
    EXPECT_LT(distance[1], distance[0]) << seed;
    EXPECT_GT(distance[1], 0) << seed;
  }
}

// The gradient of F by the precision vanishes at the derived one, by central differences of the kernel
// `energy`.
TEST(KalmanPcRiccati, PrecisionIsAStationaryPointOfTheFreeEnergy) {
  nonlinear f((nonlinear::sensors() << 0.8, -0.5, 0.3, 0.2, 0.9, -0.7).finished());
  f.x = vector(0.4, -0.3, 0.8);
  f.y << 0.3, -0.6;
  f.u = 0.7;
  f.run(kalman_pc_tanh::settle);
  const auto energy = [&] {
    f.run(kalman_pc_tanh::energy);
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
    f.run(kalman_pc_tanh::settle);
    exact.tick(f, f.u, f.y);
    ASSERT_NEAR((f.x - exact.mean).cwiseAbs().maxCoeff(), 0, 1e-10) << "tick " << t;
    ASSERT_NEAR((matrix(f.precision.inverse()) - exact.covariance).cwiseAbs().maxCoeff(), 0, 1e-10)
        << "tick " << t;
  }
}

}  // namespace
}  // namespace freefall::models::kalman_pc

#pragma once
// The accelerating body of Millidge (2021), section 3.4.3: position, velocity and acceleration with
// dt = 0.001, driven by u_t = exp(-0.01 t) on the acceleration; no process noise, three sensors y = C x plus
// unit noise, C of independent standard normal entries. And the Kalman filter, by hand.

#include <Eigen/Dense>
#include <cmath>
#include <cstdint>
#include <freefall/runtime/random.hpp>
#include <vector>

namespace freefall::models::kalman_pc {

using matrix = Eigen::Matrix<double, 3, 3, Eigen::RowMajor>;
using vector = Eigen::Vector3d;
inline constexpr std::size_t ticks = 1000;

inline matrix transition() {
  const double dt = 0.001;
  matrix a;
  a << 1, dt, dt * dt / 2, 0, 1, dt, 0, 0, 1;
  return a;
}

/// What drives the body and where it is, the same for all sensors; u_t and x_t, t = 0 .. length - 1.
struct flight {
  std::vector<double> control;
  std::vector<vector> truth;

  explicit flight(std::size_t length = ticks) {
    vector x = vector::Zero();
    for (std::size_t t = 0; t < length; ++t) {
      control.push_back(std::exp(-0.01 * static_cast<double>(t)));
      x = transition() * x + vector(0, 0, control.back());
      truth.push_back(x);
    }
  }
};

/// The flight seen through the sensors of a seed: C from stream (seed, "C"), the noise from (seed, "noise").
struct observed_flight {
  matrix c;
  std::vector<vector> sensed;

  observed_flight(const flight& of, std::uint64_t seed) {
    runtime::stream(seed, "C").fill_normal(std::span(c.data(), 9));
    std::vector<double> noise(3 * of.truth.size());
    runtime::stream(seed, "noise").fill_normal(std::span(noise));
    for (std::size_t t = 0; t < of.truth.size(); ++t)
      sensed.push_back(c * of.truth[t] + vector(noise[3 * t], noise[3 * t + 1], noise[3 * t + 2]));
  }
};

/// Kalman 1960: predict, then correct by the gain. Unit noise covariances, first belief N(0, 1).
struct kalman {
  vector mean = vector::Zero();
  matrix covariance = matrix::Identity();

  void tick(const matrix& c, double control, const vector& y) {
    const matrix one = matrix::Identity(), a = transition();
    const vector predicted = a * mean + vector(0, 0, control);
    const matrix p = a * covariance * a.transpose() + one;
    const matrix s = c * p * c.transpose() + one;
    const matrix gain = p * c.transpose() * s.inverse();
    mean = predicted + gain * (y - c * predicted);
    covariance = (one - gain * c) * p;
  }
};

}  // namespace freefall::models::kalman_pc

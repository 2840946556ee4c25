#pragma once
// The accelerating body of Millidge (2021), section 3.4.3: position, velocity and acceleration with
// dt = 0.001, driven by u_t = exp(-0.01 t) on the acceleration; no process noise, three sensors y = C x plus
// unit noise. And the Kalman filter, by hand.

#include <Eigen/Dense>
#include <cmath>
#include <random>
#include <vector>

namespace body {

using matrix = Eigen::Matrix<double, 3, 3, Eigen::RowMajor>;
using vector = Eigen::Vector3d;
inline constexpr int ticks = 1000;

inline matrix transition() {
  const double dt = 0.001;
  matrix a;
  a << 1, dt, dt * dt / 2, 0, 1, dt, 0, 0, 1;
  return a;
}

struct stream {
  matrix c;
  std::vector<double> control;
  std::vector<vector> truth, sensed;
};

inline stream make_stream(std::uint64_t seed) {
  std::mt19937_64 bits(seed);
  std::normal_distribution<double> normal;
  stream s;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) s.c(i, j) = normal(bits);
  vector x = vector::Zero();
  for (int t = 0; t < ticks; ++t) {
    s.control.push_back(std::exp(-0.01 * t));
    x = transition() * x + vector(0, 0, s.control.back());
    s.truth.push_back(x);
    s.sensed.push_back(s.c * x + vector(normal(bits), normal(bits), normal(bits)));
  }
  return s;
}

/// Kalman 1960: predict, then correct by the gain.
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

}  // namespace body

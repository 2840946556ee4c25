#pragma once
// What every candidate of filter_bench computes, and the numbers it works on, in double precision: for each
// observation, x_p = A x, then from x = x_p five times x += 0.05 (C' Py (y - C x) - Px (x - x_p)).

#include <Eigen/Dense>
#include <freefall/runtime/random.hpp>

namespace freefall::bench::filter {

inline constexpr int observations = 1024, steps = 5;
inline constexpr double rate = 0.05;

template <int n>
struct setting {
  using matrix = Eigen::Matrix<double, n, n, Eigen::RowMajor>;
  matrix A, C, Px, Py;
  Eigen::Matrix<double, observations, n, Eigen::RowMajor> y;

  setting() {
    const auto fill = [&](auto& m, std::uint64_t id) {
      runtime::stream(1, id).fill_normal<double>(
          std::span<double>(m.data(), static_cast<std::size_t>(m.size())));
    };
    fill(A, 1), fill(C, 2), fill(Px, 3), fill(Py, 4), fill(y, 5);
    A = 0.9 * matrix::Identity() + 0.05 / n * A;  // decays
    C /= std::sqrt(n);
    Px = (Px * Px.transpose() / n + matrix::Identity()).eval();
    Py = (Py * Py.transpose() / n + matrix::Identity()).eval();
  }
};

}  // namespace freefall::bench::filter

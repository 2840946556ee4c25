#pragma once
// How far the filters of this model are from the truth and from the Kalman filter on the accelerating body:
// root mean squares over the ticks for each component of the state, medians over random sensors.

#include <algorithm>
#include <array>
#include <freefall/runtime/buffer.hpp>
#include <functional>
#include <kalman_pc_body.hpp>
#include <kalman_pc_riccati.hpp>
#include <stdexcept>
#include <string>

#include "models/kalman_pc/body.hpp"

namespace freefall::models::kalman_pc {

/// The arrays of a filter with 3 states and `Senses` sensors. Unit noise covariances, first estimate 0 with
/// unit precision, until the owner sets others.
template <class Arrays, int Senses = 3>
struct filter {
  using sensors = Eigen::Matrix<double, Senses, 3, Eigen::RowMajor>;
  using noise = Eigen::Matrix<double, Senses, Senses, Eigen::RowMajor>;
  using reading = Eigen::Matrix<double, Senses, 1>;

  vector x = vector::Zero(), before = vector::Zero();
  matrix precision = matrix::Identity(), precision_before = matrix::Identity();
  matrix a = transition(), q = matrix::Identity();
  sensors c;
  noise r = noise::Identity();
  reading y = reading::Zero();
  vector b = vector(0, 0, 1);
  double u = 0, step = 0, energy = 0;
  runtime::workspace memory{16384};
  Arrays arrays;

  explicit filter(const sensors& by) : c(by) {
    arrays.x = x.data();
    arrays.x_previous = before.data();
    if constexpr (requires { arrays.x_precision; }) {
      arrays.x_precision = precision.data();
      arrays.x_previous_precision = precision_before.data();
    }
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

  /// Throws std::runtime_error when the kernel reports a fault.
  template <class Kernel>
  void run(const Kernel& kernel) {
    if (const auto status = kernel(arrays, memory.data()); !status.ok())
      throw std::runtime_error("kalman_pc: a kernel refused its arrays or diverged");
  }
};
using point_filter = filter<kalman_pc_body::arrays>;      // model.cpp
using normal_filter = filter<kalman_pc_riccati::arrays>;  // riccati.cpp

inline double largest_eigenvalue(const matrix& symmetric) {
  return symmetric.selfadjointView<Eigen::Lower>().eigenvalues().maxCoeff();
}

/// One kind of filter: `track` gives its estimates on a flight.
struct method {
  std::string name;
  std::function<std::vector<vector>(const flight&, const observed_flight&)> track;
};

namespace detail {

// One tick after another: `step` sets the step size and calls a kernel.
template <class Filter, class Step>
std::vector<vector> track(const flight& f, const observed_flight& seen, const Step& step) {
  Filter own(seen.c);
  std::vector<vector> out;
  out.reserve(ticks);
  for (std::size_t t = 0; t < ticks; ++t) {
    own.u = f.control[t];
    own.y = seen.sensed[t];
    step(own);
    out.push_back(own.x);
  }
  return out;
}

template <auto Kernel>
method fixed(std::string name, double rate) {
  return {std::move(name), [rate](const flight& f, const observed_flight& seen) {
            return track<point_filter>(f, seen, [rate](point_filter& own) {
              own.step = rate;
              own.run(Kernel);
            });
          }};
}

}  // namespace detail

/// The filters of the table, in its order.
inline std::vector<method> methods() {
  using detail::track;
  return {{"kalman",
           [](const flight& f, const observed_flight& seen) {
             return track<normal_filter>(f, seen,
                                         [](normal_filter& own) { own.run(kalman_pc_riccati::settle); });
           }},
          detail::fixed<kalman_pc_body::tick5>("5_steps", 0.05),
          detail::fixed<kalman_pc_body::tick2>("2_steps", 0.07),
          {"converged",
           [](const flight& f, const observed_flight& seen) {
             return track<point_filter>(f, seen, [](point_filter& own) { own.run(kalman_pc_body::mode); });
           }},
          {"riccati_20_steps",
           [](const flight& f, const observed_flight& seen) {
             const matrix one = matrix::Identity(), likelihood = seen.c.transpose() * seen.c;
             return track<normal_filter>(f, seen, [&](normal_filter& own) {
               // The curvature of the tick: its prediction has covariance A S A' + Q, S that of the estimate.
               const matrix predicted = own.a * own.precision.inverse() * own.a.transpose() + one;
               own.step = 1 / largest_eigenvalue(likelihood + predicted.inverse());
               own.run(kalman_pc_riccati::descend20);
             });
           }},
          detail::fixed<kalman_pc_body::unanchored5>("unanchored_5_steps", 0.05),
          detail::fixed<kalman_pc_body::unanchored2>("unanchored_2_steps", 0.07)};
}

/// Root mean squares over the ticks: position, velocity, acceleration, in units of the state.
struct distances {
  std::array<double, 3> truth{}, kalman{};
};

inline std::array<double, 3> root_mean_square(const std::vector<vector>& from,
                                              const std::vector<vector>& to) {
  vector sum = vector::Zero();
  for (std::size_t t = 0; t < from.size(); ++t) sum += (from[t] - to[t]).cwiseAbs2();
  const vector root = (sum / static_cast<double>(from.size())).cwiseSqrt();
  return {root(0), root(1), root(2)};
}

/// The distances of every method (columns) for the sensors of seeds first .. first + count - 1 (rows).
/// `watch` is called with the number of sensors done.
inline std::vector<std::vector<distances>> sample_distances(const std::vector<method>& of,
                                                            std::uint64_t first, std::size_t count,
                                                            const std::function<void(std::size_t)>& watch) {
  const flight body;
  std::vector<std::vector<distances>> out;
  for (std::size_t n = 0; n < count; ++n) {
    const observed_flight seen(body, first + n);
    kalman by_hand;
    std::vector<vector> exact;
    for (std::size_t t = 0; t < ticks; ++t) {
      by_hand.tick(seen.c, body.control[t], seen.sensed[t]);
      exact.push_back(by_hand.mean);
    }
    out.emplace_back();
    for (const method& m : of) {
      const auto estimates = m.track(body, seen);
      out.back().push_back({root_mean_square(estimates, body.truth), root_mean_square(estimates, exact)});
    }
    watch(n + 1);
  }
  return out;
}

/// The mean of the two middle values of an even number of values. A filter that diverged counts as infinitely
/// far.
inline double median(std::vector<double> of) {
  for (double& x : of)
    if (std::isnan(x)) x = std::numeric_limits<double>::infinity();
  std::ranges::sort(of);
  return (of[(of.size() - 1) / 2] + of[of.size() / 2]) / 2;
}

/// Medians over the sensors first .. first + count - 1 of a sample, of one method.
inline distances medians(const std::vector<std::vector<distances>>& of, std::size_t method, std::size_t first,
                         std::size_t count) {
  distances out;
  for (std::size_t i = 0; i < 3; ++i) {
    std::vector<double> truth, kalman;
    for (std::size_t n = first; n < first + count; ++n) {
      truth.push_back(of[n][method].truth[i]);
      kalman.push_back(of[n][method].kalman[i]);
    }
    out.truth[i] = median(truth);
    out.kalman[i] = median(kalman);
  }
  return out;
}

}  // namespace freefall::models::kalman_pc

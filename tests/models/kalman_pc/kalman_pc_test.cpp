// The predictive-coding filter with constant precision on the accelerating body: the table of medians over
// random sensors, its fixed point, its approach to it, and its derivatives.

#include <gtest/gtest.h>
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
  std::vector<std::byte> memory;
  kalman_pc_body::arrays arrays;

  explicit filter(const matrix& sensors) : c(sensors), memory(4096) {
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

TEST(KalmanPc, Table) {
  const std::vector<row> table = {
      {"five steps", tick<kalman_pc_body::tick5>(0.05), {{0.33, 0.33, 0.33}, {0.58, 0.64, 0.56}}},
      {"two steps", tick<kalman_pc_body::tick2>(0.07), {{0.26, 0.26, 0.27}, {0.62, 0.69, 0.63}}},
      {"converged", settle(), {{0.51, 0.51, 0.55}, {0.33, 0.38, 0.30}}},
      {"u5", tick<kalman_pc_body::unanchored5>(0.05), {{1.06, 1.31, 1.44}, {1.20, 1.37, 1.54}}},
      {"u2", tick<kalman_pc_body::unanchored2>(0.07), {{1.93, 2.47, 2.68}, {2.18, 2.51, 2.77}}},
  };
  for (const row& r : table) {
    const distances found = medians(r.k, 50);
    for (std::size_t n = 0; n < 3; ++n) {
      printf("%s %zu: %g %g   %g %g\n", r.name.c_str(), n, found.truth[n], r.expected.truth[n],
             found.kalman[n], r.expected.kalman[n]);
    }
  }
}

}  // namespace

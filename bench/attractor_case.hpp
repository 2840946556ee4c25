#pragma once
// What every candidate of attractor_bench computes, and the numbers it starts from: states s in [-1, 1] of N
// units, couplings J without diagonal that start at 0, evidence b. One step, all units at once:
//
//   u = b + J s        s' ~ CB(u), by its inverse distribution function at uniform numbers v
//   J_ij += rate (s'_i - L(u_i)) s_j   for i != j,   L(u) = coth u - 1/u the mean of CB(u)
//
// The uniform numbers of step t are the draws t N, t N + 1, ... of runtime::stream(seed, "sigma"), so that
// two programs draw the same. `plain` follows the equations with scalar loops and libm: in double the exact
// answer, in float what C++ alone brings.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <freefall/runtime/random.hpp>
#include <random>
#include <vector>

namespace freefall::bench::attractor {

inline constexpr float learning_rate = 0.005F;
inline constexpr std::uint64_t seed = 1;

inline std::vector<float> evidence(std::size_t units) {
  std::vector<float> b(units);
  runtime::stream(2, "evidence").fill_normal<float>(b);
  for (float& x : b) x *= 0.5F;
  return b;
}

// The uniform numbers of the stream, in float as the candidates draw them.
class replayed {
 public:
  double operator()() { return draws_.uniform<float>(next_++); }

 private:
  runtime::stream draws_{seed, "sigma"};
  std::uint64_t next_ = 0;
};

// A generator of the standard library.
class twister {
 public:
  float operator()() { return uniform_(bits_); }

 private:
  std::mt19937 bits_{1};
  std::uniform_real_distribution<float> uniform_{0, 1};
};

template <class T, class Uniform>
class plain {
 public:
  explicit plain(const std::vector<float>& b) : s(b.size()), J(b.size() * b.size()), b_(b.begin(), b.end()) {}

  void step() {
    const std::size_t n = s.size();
    std::vector<T> u(n), drawn(n);
    for (std::size_t i = 0; i < n; ++i) {
      u[i] = b_[i];
      for (std::size_t j = 0; j < n; ++j) u[i] += J[i * n + j] * s[j];
      drawn[i] = quantile(static_cast<T>(uniform_()), u[i]);
    }
    for (std::size_t i = 0; i < n; ++i) {
      const T error = static_cast<T>(learning_rate) * (drawn[i] - mean(u[i]));
      for (std::size_t j = 0; j < n; ++j)
        if (j != i) J[i * n + j] += error * s[j];
    }
    s = drawn;
  }

  std::vector<T> s, J;  // J row-major

 private:
  // Both by their series where the closed form cancels.
  static T mean(T u) { return std::abs(u) < T(0.02) ? u / 3 - u * u * u / 45 : 1 / std::tanh(u) - 1 / u; }
  static T quantile(T v, T u) {
    const T a = std::abs(u), above = u > 0 ? v : 1 - v, q = 2 * v - 1;
    if (a < T(0.01)) return q + (1 - q * q) * (u / 2 - q * u * u / 3);
    return std::copysign(T(1), u) * (1 + std::log(above + (1 - above) * std::exp(-2 * a)) / a);
  }

  std::vector<T> b_;
  Uniform uniform_;
};

}  // namespace freefall::bench::attractor

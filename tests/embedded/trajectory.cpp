// What a program for a bare device does with a kernel: static arrays, a static workspace, no library.
#include "trajectory.hpp"

#include <bit>

#include "kalman_pc_riccati.hpp"

namespace embedded {
namespace {

namespace filter = kalman_pc_riccati;

// A body with jerk for control, seen by three sensors with dependent noise.
double x[3], x_previous[3], x_precision[9], x_previous_precision[9];
double y[3], u[1], energy[1];
constexpr double step[1] = {0.01};
constexpr double A[9] = {1, 0.1, 0.005, 0, 1, 0.1, 0, 0, 1}, B[3] = {0.0005, 0.005, 0.1};
constexpr double C[9] = {1, 0, 0, 0.5, 1, 0, -0.25, 0.125, 1};
constexpr double Q[9] = {0.5, 0.1, 0, 0.1, 0.4, 0.1, 0, 0.1, 0.3},
                 R[9] = {1, 0.2, 0, 0.2, 2, 0.3, 0, 0.3, 1.5};

constexpr std::size_t largest(std::size_t a, std::size_t b) { return a > b ? a : b; }
alignas(64) std::byte workspace[largest(filter::settle_workspace_bytes, filter::energy_workspace_bytes)];

}  // namespace

bool run(trajectory& out) {
  filter::arrays a;
  a.x = x, a.x_previous = x_previous, a.x_precision = x_precision,
  a.x_previous_precision = x_previous_precision;
  a.y = y, a.u = u, a.step = step, a.A = A, a.B = B, a.C = C, a.Q = Q, a.R = R, a.energy = energy;
  for (std::size_t i = 0; i < 3; ++i) x_precision[i * 4] = 1;
  for (std::size_t t = 0; t < ticks; ++t) {
    const auto now = static_cast<double>(t);
    u[0] = 1 / (1 + now);
    for (std::size_t i = 0; i < 3; ++i) y[i] = now * (0.3 + 0.1 * static_cast<double>(i)) - 0.01 * now * now;
    if (!filter::settle(a, workspace).ok() || !filter::energy(a, workspace).ok()) return false;
    std::uint64_t* word = out.words[t];
    for (const double v : x) *word++ = std::bit_cast<std::uint64_t>(v);
    for (const double v : x_precision) *word++ = std::bit_cast<std::uint64_t>(v);
    *word = std::bit_cast<std::uint64_t>(energy[0]);
  }
  return true;
}

}  // namespace embedded

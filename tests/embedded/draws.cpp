// Prints what a kernel that draws makes of five states, and numbers it draws in double and float: as bits,
// one a line.
#include <bit>
#include <cinttypes>
#include <cstdio>

#include <freefall/runtime/uniform_stream.hpp>

#include "attractor_five.hpp"

namespace network = attractor_five;

int main() {
  constexpr std::size_t units = network::extent::unit;
  double sigma[units] = {}, natural[units] = {}, before[units] = {},
         bias[units] = {0.4, -0.7, 0.2, 0.1, -0.3};
  double J[units * units], beta[1] = {1}, alpha[1] = {1};
  for (std::size_t i = 0; i < units; ++i)
    for (std::size_t j = 0; j < units; ++j) J[i * units + j] = i == j ? 0 : 0.1 * static_cast<double>(i + j);
  alignas(64) static std::byte workspace[4096];
  static_assert(sizeof workspace >= network::sample_shuffled_workspace_bytes);
  network::arrays a;
  a.sigma = sigma, a.sigma_natural = natural, a.sigma_previous = before, a.bias = bias, a.J = J,
  a.beta = beta, a.alpha = alpha;
  a.draw_seed = 5;
  for (int sweep = 0; sweep < 10; ++sweep) {
    if (!network::sample_shuffled(a, workspace).ok()) return 1;
    a.draw_step += network::sample_shuffled_steps;
    for (const double v : sigma) std::printf("%016" PRIx64 "\n", std::bit_cast<std::uint64_t>(v));
  }
  double draws[50];
  freefall::runtime::uniform_stream(a.draw_seed, "sigma").fill_uniform(std::span<double>(draws));
  for (const double v : draws) std::printf("%016" PRIx64 "\n", std::bit_cast<std::uint64_t>(v));
  float odd[50];
  freefall::runtime::uniform_stream(a.draw_seed, "sigma").fill_uniform(std::span<float>(odd), 7);
  for (const float v : odd) std::printf("%08" PRIx32 "\n", std::bit_cast<std::uint32_t>(v));
}

#pragma once
// What every candidate of pcn_bench computes, and the numbers it starts from.
//
// Sizes 784-256-256-10, batch 64. x_l ~ N(W_l tanh(x_{l-1}) + b_l, I); x_0 image, x_3 digit, both given. One
// call starts x_1, x_2 at their predictions, takes 20 simultaneous Euler steps of 0.1 on F and then one
// gradient step of 0.01 on W and b for the batch mean of F.

#include <array>
#include <cstddef>
#include <freefall/runtime/random.hpp>
#include <vector>

namespace freefall::bench::pcn {

inline constexpr int batch = 64, steps = 20;
inline constexpr std::array<int, 4> size{784, 256, 256, 10};
inline constexpr float inference_rate = 0.1F, learning_rate = 0.01F;

struct parameters {
  std::array<std::vector<float>, 3> W;  // W[l - 1] is W_l, [size[l], size[l - 1]], row-major
  std::array<std::vector<float>, 3> b;
};

struct sample {
  std::vector<float> image;  // [batch, size[0]], row-major
  std::vector<float> digit;  // [batch, size[3]]
};

inline parameters initial_parameters() {
  parameters p;
  for (std::size_t l = 0; l < 3; ++l) {
    const auto in = static_cast<std::size_t>(size[l]), out = static_cast<std::size_t>(size[l + 1]);
    p.W[l].resize(in * out);
    runtime::stream(1, runtime::stream_id("W", l)).fill_normal<float>(p.W[l]);
    for (float& w : p.W[l]) w /= std::sqrt(static_cast<float>(in));
    p.b[l].assign(out, 0.01F);
  }
  return p;
}

inline std::vector<sample> samples(std::size_t count) {
  std::vector<sample> all(count);
  for (std::size_t n = 0; n < count; ++n) {
    all[n].image.resize(static_cast<std::size_t>(batch * size[0]));
    runtime::stream(1, runtime::stream_id("image", n)).fill_uniform<float>(all[n].image);
    all[n].digit.assign(static_cast<std::size_t>(batch * size[3]), 0.0F);
    const runtime::stream label(1, runtime::stream_id("label", n));
    for (std::size_t i = 0; i < batch; ++i) all[n].digit[i * 10 + label.word(i) % 10] = 1;
  }
  return all;
}

}  // namespace freefall::bench::pcn

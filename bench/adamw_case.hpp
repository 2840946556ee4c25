#pragma once
// What every candidate of adamw_bench computes, and the numbers it starts from.
//
// Sizes 784-128-128-128-10, batch 128. x_l ~ N(W_l tanh(x_{l-1}) + b_l, I); x_0 image, x_4 digit, both given.
// One call starts x_1, x_2, x_3 at their predictions, takes 8 simultaneous Euler steps of 0.1 on F, one step
// of Adam on W and b for the batch mean of F, and then W *= 1 - rate * decay.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <freefall/runtime/random.hpp>
#include <string>
#include <vector>

#include "models/support/images.hpp"

namespace freefall::bench::adamw {

inline constexpr int batch = 128, steps = 8;
inline constexpr std::size_t depth = 4, rows = 60000;
inline constexpr std::array<int, depth + 1> size{784, 128, 128, 128, 10};
inline constexpr float inference_rate = 0.1F, learning_rate = 1e-3F, weight_decay = 0.01F;
inline constexpr float beta1 = 0.9F, beta2 = 0.999F, epsilon = 1e-8F;

struct parameters {
  std::array<std::vector<float>, depth> W, b;  // W[l - 1] is W_l, [size[l], size[l - 1]], row-major

  parameters() {
    for (std::size_t l = 0; l < depth; ++l) {
      const auto in = static_cast<std::size_t>(size[l]), out = static_cast<std::size_t>(size[l + 1]);
      W[l].resize(in * out);
      runtime::stream(1, runtime::stream_id("W", l)).fill_normal<float>(W[l]);
      for (float& w : W[l]) w /= std::sqrt(static_cast<float>(in));
      b[l].assign(out, 0.01F);
    }
  }
};

// MNIST from `folder`, or where it is not there numbers of that shape.
struct training_set {
  std::vector<float> image;  // [rows, 784]
  std::vector<float> digit;  // [rows, 10], one in each row
  bool random = false;

  explicit training_set(const std::string& folder) : digit(rows * 10) {
    random = !std::filesystem::exists(folder + "/train-images-idx3-ubyte");
    std::vector<std::uint8_t> labels(rows);
    if (random) {
      image.resize(rows * static_cast<std::size_t>(size[0]));
      runtime::stream(1, "image").fill_uniform<float>(image);
      const runtime::stream label(1, "label");
      for (std::size_t i = 0; i < rows; ++i) labels[i] = static_cast<std::uint8_t>(label.word(i) % 10);
    } else {
      models::Images set = models::load_idx_training(folder, 0.1307F, 0.3081F, "");
      image = std::move(set.values);
      labels = std::move(set.labels);
    }
    for (std::size_t i = 0; i < rows; ++i) digit[i * 10 + labels[i]] = 1;
  }

  // Batch n of an epoch, and again from the first after the last whole one.
  const float* images(std::size_t n) const { return image.data() + n % batches * batch * 784; }
  const float* digits(std::size_t n) const { return digit.data() + n % batches * batch * 10; }
  static constexpr std::size_t batches = rows / batch;
};

}  // namespace freefall::bench::adamw

#pragma once
// Handwritten digits for the experiments: scaled images and their labels.

#include <fmt/format.h>

#include <cstdint>
#include <freefall/runtime/dataset.hpp>
#include <freefall/runtime/error.hpp>
#include <span>
#include <string>
#include <vector>

namespace freefall::models {

struct Images {
  std::size_t rows = 0, pixels = 0;
  std::vector<float> values;  ///< [rows, pixels]
  std::vector<std::uint8_t> labels;

  std::span<const float> image(std::size_t row) const {
    return std::span(values).subspan(row * pixels, pixels);
  }
};

/// An IDX pair (MNIST, FashionMNIST), each grey value g from 0 to 255 as (g / 255 - shift) / scale. Throws
/// data_error.
inline Images load_idx(const std::string& folder, const std::string& images, const std::string& labels,
                       float shift, float scale, const std::string& hint) {
  const runtime::image_set set = runtime::read_idx_images(folder + "/" + images, hint);
  Images out{set.rows, set.height * set.width, {}, runtime::read_idx_labels(folder + "/" + labels, hint)};
  if (out.labels.size() != out.rows) {
    throw runtime::data_error(folder + "/" + labels,
                              fmt::format("expected {} labels, one for each image of {}, found {}", out.rows,
                                          images, out.labels.size()));
  }
  out.values.reserve(set.pixels.size());
  for (const std::uint8_t p : set.pixels)
    out.values.push_back((static_cast<float>(p) / 255.0f - shift) / scale);
  return out;
}
inline Images load_idx_training(const std::string& folder, float shift, float scale,
                                const std::string& hint) {
  return load_idx(folder, "train-images-idx3-ubyte", "train-labels-idx1-ubyte", shift, scale, hint);
}
inline Images load_idx_test(const std::string& folder, float shift, float scale, const std::string& hint) {
  return load_idx(folder, "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", shift, scale, hint);
}

}  // namespace freefall::models

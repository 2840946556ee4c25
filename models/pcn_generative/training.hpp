#pragma once
// Learning to generate MNIST digits without labels, with the settings of README.md.

#include <fmt/format.h>
#include <pcn_generative_mnist_views.hpp>

#include <algorithm>
#include <freefall/runtime/initialise.hpp>
#include <functional>
#include <numeric>
#include <span>
#include <string>

#include "models/support/images.hpp"
#include "models/support/run.hpp"

namespace freefall::models::pcn_generative {

namespace rt = freefall::runtime;

inline constexpr std::size_t kBatch = pcn_generative_mnist::extent::batch;

inline constexpr std::size_t kUpdates = 100;  // of the weights in an epoch, each on a batch

struct Settings : RunSettings {
  Settings() { epochs = 6; }
  std::string data;  // the folder of MNIST
  std::size_t test_images = 10000;
  double inference_rate = 0.1, learning_rate = 0.64, prior_precision = 1e-3;
};

inline void show(pcn_generative_mnist::instance& net, const Images& images,
                 std::span<const std::size_t> rows) {
  auto image = net.image();
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const auto from = images.image(rows[r]);
    std::copy(from.begin(), from.end(), image.row(static_cast<Eigen::Index>(r)).data());
  }
}

// Mean squared error per pixel between test images and what their inferred codes generate.
inline double reconstruction_error(pcn_generative_mnist::instance& net, const Images& images,
                                   std::size_t count) {
  std::vector<std::size_t> rows(std::min(count, images.rows));
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  double total = 0;
  for (std::size_t first = 0; first < rows.size(); first += kBatch) {
    const auto some = std::span(rows).subspan(first, std::min(kBatch, rows.size() - first));
    show(net, images, some);
    net.infer(some.size());
    net.reconstruct(some.size());  // from now on `image` holds the reconstruction
    for (std::size_t r = 0; r < some.size(); ++r) {
      const auto original = images.image(some[r]);
      for (std::size_t p = 0; p < images.pixels; ++p) {
        const double e =
            static_cast<double>(original[p]) -
            static_cast<double>(net.image()(static_cast<Eigen::Index>(r), static_cast<Eigen::Index>(p)));
        total += e * e;
      }
    }
  }
  return total / static_cast<double>(rows.size() * images.pixels);
}

struct Data {
  Images train, test;
};

/// Throws data_error, which names the command that fetches what is missing.
inline Data load(const std::string& folder) {
  const std::string hint = "Run scripts/data mnist.";
  Data out{load_idx_training(folder, 0, 1, hint), load_idx_test(folder, 0, 1, hint)};
  if (out.train.pixels != pcn_generative_mnist::extent::pixel) {
    throw rt::data_error(folder, fmt::format("expected images of {} pixels, found {}",
                                             pcn_generative_mnist::extent::pixel, out.train.pixels));
  }
  return out;
}

/// Before the first epoch.
inline void begin(pcn_generative_mnist::instance& net, const Settings& s) {
  net.inference_rate() = static_cast<float>(s.inference_rate);
  net.learning_rate() = static_cast<float>(s.learning_rate);
  net.prior_precision() = static_cast<float>(s.prior_precision);
  const auto tensors = pcn_generative_mnist::tensors();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].role == rt::tensor_role::parameter && tensors[i].rank == 2)
      rt::initialise::normal(net.elements(i), 0.05, rt::stream(s.seed, tensors[i].name));
  }
}

/// The updates of an epoch; the mean free energy of their batches, in nats per image. Batches are cut from
/// permutations of the images, one after the other; what is left of a permutation is not shown.
inline double train(pcn_generative_mnist::instance& net, const Settings& s, const Data& data,
                    std::size_t epoch) {
  const std::size_t batches = data.train.rows / kBatch;
  if (batches == 0)
    throw rt::data_error(
        s.data, fmt::format("expected at least {} training images, found {}", kBatch, data.train.rows));
  std::vector<std::size_t> order;
  double total = 0;
  for (std::size_t update = epoch * kUpdates; update < (epoch + 1) * kUpdates; ++update) {
    const std::size_t batch = update % batches;
    if (order.empty() || batch == 0)
      order = rt::stream(s.seed, rt::stream_id("order", update / batches)).permutation(data.train.rows);
    show(net, data.train, std::span(order).subspan(order.size() - (batch + 1) * kBatch, kBatch));
    net.train(kBatch);
    total += static_cast<double>(net.energy(kBatch));
  }
  return total / kUpdates;
}

}  // namespace freefall::models::pcn_generative

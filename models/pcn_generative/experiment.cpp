// Learns to generate MNIST digits from twenty numbers, without labels, and reports the reconstruction error
// on the test images. The settings are those of README.md.

#include <fmt/format.h>
#include <pcn_generative_mnist_views.hpp>

#include <CLI/CLI.hpp>
#include <freefall/runtime/initialise.hpp>
#include <freefall/runtime/instance_io.hpp>
#include <freefall/runtime/progress.hpp>
#include <numeric>

#include "models/support/images.hpp"

namespace {

namespace rt = freefall::runtime;
using freefall::models::Images;

constexpr std::size_t kBatch = pcn_generative_mnist::extent::batch;

struct Settings {
  std::string data = std::string(FREEFALL_DATA_DIR) + "/mnist", checkpoint;
  std::uint64_t seed = 0;
  std::size_t updates = 600, test_images = 10000;
  double inference_rate = 0.1, learning_rate = 0.64, prior_precision = 1e-3;
};

void show(pcn_generative_mnist::instance& net, const Images& images, std::span<const std::size_t> rows) {
  auto image = net.image();
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const auto from = images.image(rows[r]);
    std::copy(from.begin(), from.end(), image.row(static_cast<Eigen::Index>(r)).data());
  }
}

// Mean squared error per pixel between test images and what their inferred codes generate.
double reconstruction_error(pcn_generative_mnist::instance& net, const Images& images, std::size_t count) {
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

int run(const Settings& s) {
  const std::string hint = "Run scripts/data mnist.";
  const Images train = freefall::models::load_idx_training(s.data, 0, 1, hint),
               test = freefall::models::load_idx_test(s.data, 0, 1, hint);
  if (train.pixels != pcn_generative_mnist::extent::pixel) {
    throw rt::data_error(s.data, fmt::format("expected images of {} pixels, found {}",
                                             pcn_generative_mnist::extent::pixel, train.pixels));
  }
  pcn_generative_mnist::instance net;
  net.inference_rate() = static_cast<float>(s.inference_rate);
  net.learning_rate() = static_cast<float>(s.learning_rate);
  net.prior_precision() = static_cast<float>(s.prior_precision);
  const auto tensors = pcn_generative_mnist::tensors();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].role == rt::tensor_role::parameter && tensors[i].rank == 2)
      rt::initialise::normal(net.elements(i), 0.05, rt::stream(s.seed, tensors[i].name));
  }
  rt::progress bar("train", s.updates, "updates");
  std::vector<std::size_t> order;
  std::uint64_t epoch = 0;
  for (std::size_t update = 0; update < s.updates; ++update) {
    if (order.size() < kBatch)
      order = rt::stream(s.seed, rt::stream_id("order", epoch++)).permutation(train.rows);
    show(net, train, std::span(order).last(kBatch));
    order.resize(order.size() - kBatch);
    net.train(kBatch);
    const double energy = static_cast<double>(net.energy(kBatch));
    bar.update(update + 1, fmt::format("free energy {:.2f} nats per image", energy));
    if ((update + 1) % 100 == 0) {
      fmt::print(
          "update {:>5}  free energy {:.4f} nats per image  test error per pixel {:.5f} (first {} images)\n",
          update + 1, energy, reconstruction_error(net, test, 1000), std::min<std::size_t>(1000, test.rows));
      std::fflush(stdout);
    }
  }
  bar.finish();
  if (!s.checkpoint.empty()) rt::save_instance(s.checkpoint, net, tensors);
  fmt::print("pcn_generative: test_error_per_pixel={:.5f} images={}\n",
             reconstruction_error(net, test, s.test_images), std::min(s.test_images, test.rows));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings s;
  CLI::App app{"Learns a generative predictive coding model of MNIST digits without labels."};
  app.add_option("--data", s.data, "folder of MNIST")->capture_default_str();
  app.add_option("--seed", s.seed, "seed of initial weights and order of images")->capture_default_str();
  app.add_option("--updates", s.updates, "weight updates, each on a batch of 64")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--test-images", s.test_images, "test images for the final figure")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--learning-rate", s.learning_rate, "of the weights, for the mean over a batch")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--inference-rate", s.inference_rate, "Euler step of the codes")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--prior-precision", s.prior_precision, "of the codes; small is nearly flat")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--checkpoint", s.checkpoint, "write the parameters here at the end (.npz)");
  CLI11_PARSE(app, argc, argv);
  try {
    return run(s);
  } catch (const std::exception& e) {
    fmt::print(stderr, "pcn_generative_experiment: {}\n", e.what());
    return 1;
  }
}

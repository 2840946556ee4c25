// Learns to generate MNIST digits from twenty numbers, without labels, and reports the reconstruction error
// on the test images. The settings are those of README.md.

#include <CLI/CLI.hpp>
#include <freefall/runtime/progress.hpp>

#include "models/pcn_generative/training.hpp"

namespace {

using namespace freefall::models::pcn_generative;

int run(const Settings& s) {
  const Data data = load(s.data);
  const auto& test = data.test;
  pcn_generative_mnist::instance net;
  rt::progress bar("train", s.updates, "updates");
  train(net, s, data, [&](std::size_t done, double energy) {
    bar.update(done, fmt::format("free energy {:.2f} nats per image", energy));
    if (done % 100 != 0) return;
    fmt::print(
        "update {:>5}  free energy {:.4f} nats per image  test error per pixel {:.5f} (first {} images)\n",
        done, energy, reconstruction_error(net, test, 1000), std::min<std::size_t>(1000, test.rows));
    std::fflush(stdout);
  });
  bar.finish();
  if (!s.checkpoint.empty()) rt::save_instance(s.checkpoint, net, pcn_generative_mnist::tensors());
  fmt::print("pcn_generative: test_error_per_pixel={:.5f} images={}\n",
             reconstruction_error(net, test, s.test_images), std::min(s.test_images, test.rows));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings s;
  s.data = FREEFALL_DATA_DIR "/mnist";
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

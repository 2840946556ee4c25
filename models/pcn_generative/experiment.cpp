// Learns to generate MNIST digits from twenty numbers, without labels, and reports the reconstruction error
// on the test images. The settings are those of README.md.

#include <algorithm>

#include "models/pcn_generative/training.hpp"

namespace {

using namespace freefall::models;
using namespace freefall::models::pcn_generative;

// The first test images, each with what its code generates.
void show_examples(Results& results, pcn_generative_mnist::instance& net, const Images& test) {
  std::vector<std::size_t> rows(std::min<std::size_t>({10, kBatch, test.rows}));
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  show(net, test, rows);
  net.infer(rows.size());
  net.reconstruct(rows.size());
  const auto ink = [](auto first, auto last) {
    std::vector<float> out;
    for (; first != last; ++first) out.push_back(std::clamp(static_cast<float>(*first), 0.0F, 1.0F));
    return out;
  };
  for (const std::size_t r : rows) {
    const auto image = test.image(r);
    const float* generated = net.image().row(static_cast<Eigen::Index>(r)).data();
    results.picture(fmt::format("{}", test.labels[r]), 28, ink(image.begin(), image.end()));
    results.picture("as generated", 28, ink(generated, generated + test.pixels));
  }
}

void learn(const Settings& s) {
  const Data data = load(s.data);
  const auto& test = data.test;
  pcn_generative_mnist::instance net;
  begin(net, s);
  Run run(s, "pcn_generative");
  run.keep("", net, pcn_generative_mnist::tensors());
  run.each([&](std::size_t epoch) {
    const double energy = train(net, s, data, epoch);
    const double error = reconstruction_error(net, test, 1000);
    fmt::print(
        "epoch {:>3}  free energy {:.4f} nats per image  test error per pixel {:.5f} (first {} images)\n",
        epoch + 1, energy, error, std::min<std::size_t>(1000, test.rows));
    std::fflush(stdout);
    run.results.append("Free energy, nats per image", "epoch", "train", energy);
    run.results.append("Reconstruction error, mean square per pixel", "epoch", "test", error);
  });
  const double error = reconstruction_error(net, test, s.test_images);
  show_examples(run.results, net, test);
  run.results.figure("test error per pixel", error);
  run.results.save();
  fmt::print("pcn_generative: test_error_per_pixel={:.5f} images={}\n", error,
             std::min(s.test_images, test.rows));
}

}  // namespace

int main(int argc, char** argv) {
  Settings s;
  s.data = FREEFALL_DATA_DIR "/mnist";
  CLI::App app{"Learns a generative predictive coding model of MNIST digits without labels.",
               "pcn_generative_experiment"};
  app.add_option("--data", s.data, "folder of MNIST")->capture_default_str();
  add_run_options(app, s, "number of epochs, each of 100 weight updates on a batch of 64");
  add_positive_option(app, "--test-images", s.test_images, "test images for the final figure");
  add_positive_option(app, "--learning-rate", s.learning_rate, "of the weights, for the mean over a batch");
  add_positive_option(app, "--inference-rate", s.inference_rate, "Euler step of the codes");
  add_positive_option(app, "--prior-precision", s.prior_precision, "of the codes; small is nearly flat");
  return experiment_main(app, argc, argv, [&] { learn(s); });
}

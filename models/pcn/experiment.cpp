// Trains the network on handwritten digits and reports every epoch. The settings are those of README.md.

#include <pcn_digits_views.hpp>
#include <pcn_mnist_views.hpp>

#include <fstream>

#include "models/pcn/training.hpp"

namespace {

using namespace freefall::models::pcn;

template <class Instance>
void train(const Settings& settings, const Data& data, std::span<const rt::tensor_info> tensors,
           std::size_t batch, const char* generated) {
  Training<Instance> training(settings, data, tensors, batch);
  fmt::print("{} training images, {} test images, batch {}, seed {}\n", data.train.rows, data.test.rows,
             batch, settings.seed);
  training.run([&](const Epoch& e) {
    fmt::print(
        "epoch {:>3}  free energy {:.5f} nats per image  train accuracy {:.4f}  test accuracy {:.4f}  "
        "{:.0f} samples/s\n",
        e.number, e.energy, training.train_accuracy(), training.test_accuracy(), e.samples_per_second);
    std::fflush(stdout);
  });
  if (generated == nullptr) return;
  const std::string base = std::string(generated) + "/pcn_digits";
  fmt::print("\nDerived rules ({}_rules.txt):\n\n", base);
  if (std::ifstream rules(base + "_rules.txt"); rules) {
    for (std::string line; std::getline(rules, line);) fmt::print("  {}\n", line);
  }
  fmt::print("\nGenerated kernel: {}.cpp\n", base);
  fmt::print("demo: test_accuracy={:.4f} samples_per_second={:.0f}\n", training.test_accuracy(),
             training.speed());
}

void run(const Settings& given, bool demo) {
  const Settings s = given.completed(FREEFALL_DATA_DIR);
  if (demo && !s.small())
    throw CLI::ValidationError("--demo", "shows the network of the digits, found " + s.dataset);
  const Data data = load(s);
  if (s.small()) {
    train<pcn_digits::instance>(s, data, pcn_digits::tensors(), pcn_digits::extent::batch,
                                demo ? FREEFALL_GENERATED_DIR : nullptr);
  } else {
    train<pcn_mnist::instance>(s, data, pcn_mnist::tensors(), pcn_mnist::extent::batch, nullptr);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Settings s;
  bool demo = false;
  CLI::App app{"Trains a predictive coding network on handwritten digits.", "pcn_experiment"};
  app.add_option("dataset", s.dataset, "digits (8x8, in the repository), mnist or fashion")
      ->required()
      ->check(CLI::IsMember({"digits", "mnist", "fashion"}));
  app.add_option("--data", s.data, "folder of the data (default: where scripts/data puts it)");
  add_run_options(app, s, "passes over the training images (default: digits 40, else 6)");
  app.add_option("--learning-rate", s.learning_rate,
                 "of Adam (default: digits 0.002, else 0.001 times 0.7 an epoch)")
      ->check(CLI::PositiveNumber);
  freefall::models::add_positive_option(app, "--inference-rate", s.inference_rate,
                                        "Euler step of the activities");
  app.add_flag("--demo", demo, "with digits: print the derived rules and a summary line at the end");
  return freefall::models::experiment_main(app, argc, argv, [&] { run(s, demo); });
}

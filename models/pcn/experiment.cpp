// Trains the network on handwritten digits and reports every epoch. The settings are those of README.md.

#include <fmt/format.h>
#include <pcn_digits_views.hpp>
#include <pcn_mnist_views.hpp>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <freefall/runtime/initialise.hpp>
#include <freefall/runtime/instance_io.hpp>
#include <freefall/runtime/progress.hpp>
#include <fstream>
#include <numeric>

#include "models/support/images.hpp"
#include "models/support/results.hpp"

namespace {

namespace rt = freefall::runtime;

using freefall::models::Images;

struct Data {
  Images train, test;
};

struct Settings {
  std::string data, checkpoint, results, dataset;
  std::uint64_t seed = 0;
  std::size_t epochs = 0;
  double inference_rate = 0.1, learning_rate = 0, decay = 1;
  bool resume = false, demo = false;
};

// ---- data ----

Images select(const rt::table& rows, std::span<const std::size_t> order) {
  Images out{order.size(), rows.columns - 1, {}, {}};
  for (const std::size_t r : order) {
    const auto row = rows.row(r);
    for (std::size_t p = 0; p < out.pixels; ++p) out.values.push_back(static_cast<float>(row[p] / 8 - 1));
    out.labels.push_back(static_cast<std::uint8_t>(row.back()));
  }
  return out;
}

// The first 360 of a fixed permutation of the rows are held out.
Data load_digits(const std::string& folder) {
  const rt::table rows = rt::read_csv(folder + "/digits.csv.gz", "Run scripts/data digits.");
  if (rows.rows != 1797 || rows.columns != 65) {
    throw rt::data_error(
        folder + "/digits.csv.gz",
        fmt::format("expected 1797 rows of 65 numbers, found {} of {}", rows.rows, rows.columns));
  }
  const auto order = rt::stream(0, "split").permutation(rows.rows);
  const std::span<const std::size_t> all(order);
  return {select(rows, all.subspan(360)), select(rows, all.first(360))};
}

// Mean and deviation of the MNIST training pixels.
Data load_mnist(const std::string& folder, const std::string& hint) {
  return {freefall::models::load_idx_training(folder, 0.1307f, 0.3081f, hint),
          freefall::models::load_idx_test(folder, 0.1307f, 0.3081f, hint)};
}

// ---- training ----

// One size of the network: its kernels and the sizes they were made for.
template <class Instance>
class Experiment {
 public:
  Experiment(const Settings& settings, const Data& data, std::span<const rt::tensor_info> tensors,
             std::size_t batch)
      : settings_(settings), data_(data), tensors_(tensors), batch_(batch) {
    const std::size_t expected = static_cast<std::size_t>(net_.image().cols());
    if (data.train.pixels != expected)
      throw rt::data_error(
          settings.data, fmt::format("expected images of {} pixels, found {}", expected, data.train.pixels));
    net_.inference_rate() = static_cast<float>(settings.inference_rate);
    initialise();
    if (settings.resume) results_.resume(static_cast<std::size_t>(epoch_));
  }

  void run() {
    fmt::print("{} training images, {} test images, batch {}, seed {}\n", data_.train.rows, data_.test.rows,
               batch_, settings_.seed);
    double total_seconds = 0;
    std::size_t total_images = 0;
    for (; epoch_ < static_cast<std::int64_t>(settings_.epochs); ++epoch_) {
      const auto start = std::chrono::steady_clock::now();
      const double energy = train_epoch();
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      const std::size_t trained = data_.train.rows / batch_ * batch_;
      total_seconds += seconds;
      total_images += trained;
      record_errors();
      const double train = accuracy(data_.train), test = accuracy(data_.test);
      fmt::print(
          "epoch {:>3}  free energy {:.5f} nats per image  train accuracy {:.4f}  test accuracy {:.4f}  "
          "{:.0f} samples/s\n",
          epoch_ + 1, energy, train, test, static_cast<double>(trained) / seconds);
      results_.append("Free energy, nats per image", "epoch", "train", energy);
      results_.append("Accuracy", "epoch", "train", train);
      results_.append("Accuracy", "epoch", "test", test);
      std::fflush(stdout);
      if (!settings_.checkpoint.empty()) {
        const std::int64_t next = epoch_ + 1;
        rt::save_instance(settings_.checkpoint, net_, tensors_, {{"epoch", {}, &next}});
      }
      results_.save();
    }
    show_examples();
    results_.save();
    speed_ = total_seconds > 0 ? static_cast<double>(total_images) / total_seconds : 0;
  }

  double test_accuracy() { return accuracy(data_.test); }
  double speed() const { return speed_; }

 private:
  void initialise() {
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      const rt::tensor_info& t = tensors_[i];
      if (t.role != rt::tensor_role::parameter || t.rank != 2) continue;
      rt::initialise::normal(net_.elements(i), 1.0 / std::sqrt(static_cast<double>(t.extents[1])),
                             rt::stream(settings_.seed, t.name));
    }
    if (settings_.resume) rt::load_instance(settings_.checkpoint, net_, tensors_, {{"epoch", {}, &epoch_}});
  }

  // Fills the batch with the given rows.
  void show(const Images& images, std::span<const std::size_t> rows) {
    auto image = net_.image();
    auto digit = net_.digit();
    digit.setZero();
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const auto row = static_cast<Eigen::Index>(r);
      for (std::size_t p = 0; p < images.pixels; ++p)
        image(row, static_cast<Eigen::Index>(p)) = images.values[rows[r] * images.pixels + p];
      digit(row, images.labels[rows[r]]) = 1;
    }
  }

  // Mean free energy at the end of inference; weights move once a batch. A short last batch is left for the
  // next epoch's permutation.
  double train_epoch() {
    net_.learning_rate() =
        static_cast<float>(settings_.learning_rate * std::pow(settings_.decay, static_cast<double>(epoch_)));
    const auto order = rt::stream(settings_.seed, rt::stream_id("order", static_cast<std::uint64_t>(epoch_)))
                           .permutation(data_.train.rows);
    rt::progress bar(fmt::format("epoch {}", epoch_ + 1), data_.train.rows, "images");
    const bool watched = data_.train.rows > 10000;
    double total = 0;
    std::size_t batches = 0;
    for (std::size_t first = 0; first + batch_ <= order.size(); first += batch_) {
      show(data_.train, std::span(order).subspan(first, batch_));
      net_.train(batch_);
      total += static_cast<double>(net_.energy(batch_));
      ++batches;
      if (watched) bar.update(first + batch_);
    }
    if (watched) bar.finish();
    return total / static_cast<double>(batches);
  }

  double accuracy(const Images& images) {
    std::vector<std::size_t> rows(images.rows);
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    std::size_t right = 0;
    for (std::size_t first = 0; first < rows.size(); first += batch_) {
      const auto some = std::span(rows).subspan(first, std::min(batch_, rows.size() - first));
      show(images, some);
      net_.predict(some.size());
      for (std::size_t r = 0; r < some.size(); ++r) {
        Eigen::Index answer = 0;
        net_.digit().row(static_cast<Eigen::Index>(r)).maxCoeff(&answer);
        right += answer == images.labels[some[r]] ? 1 : 0;
      }
    }
    return static_cast<double>(right) / static_cast<double>(images.rows);
  }

  // Mean square of the prediction errors of each layer, of the batch that was trained last.
  void record_errors() {
    const auto error = [&](const char* layer, const auto& difference) {
      results_.append("Prediction error, mean square", "epoch", layer,
                      static_cast<double>(difference.square().mean()));
    };
    const auto drive = [](const auto& W, const auto& x, const auto& b) {
      return ((x * W.transpose()).rowwise() + b.transpose()).array().eval();
    };
    error("h1", net_.h1().array() - drive(net_.W1(), net_.image(), net_.b1()).tanh());
    error("h2", net_.h2().array() - drive(net_.W2(), net_.h1(), net_.b2()).tanh());
    error("digit", net_.digit().array() - drive(net_.W3(), net_.h2(), net_.b3()));
  }

  // The first test images and what the network says.
  void show_examples() {
    std::vector<std::size_t> rows(std::min<std::size_t>({20, batch_, data_.test.rows}));
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    show(data_.test, rows);
    net_.predict(rows.size());
    const std::size_t width =
        static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(data_.test.pixels))));
    for (const std::size_t r : rows) {
      Eigen::Index answer = 0;
      net_.digit().row(static_cast<Eigen::Index>(r)).maxCoeff(&answer);
      const auto image = data_.test.image(r);
      const auto [low, high] = std::minmax_element(image.begin(), image.end());
      std::vector<float> grey;
      for (const float v : image) grey.push_back((v - *low) / std::max(*high - *low, 1e-6f));
      const int label = data_.test.labels[r];
      results_.picture(
          answer == label ? fmt::format("{}", label) : fmt::format("{}, taken for {}", label, answer), width,
          grey);
    }
    results_.figure("test accuracy", accuracy(data_.test));
  }

  const Settings& settings_;
  const Data& data_;
  std::span<const rt::tensor_info> tensors_;
  std::size_t batch_;
  Instance net_;
  std::int64_t epoch_ = 0;
  double speed_ = 0;
  freefall::models::Results results_{settings_.results, "pcn"};
};

template <class Instance>
void train(const Settings& settings, const Data& data, std::span<const rt::tensor_info> tensors,
           std::size_t batch, const char* generated) {
  Experiment<Instance> experiment(settings, data, tensors, batch);
  experiment.run();
  if (!settings.demo) return;
  const std::string base = std::string(generated) + "/pcn_digits";
  fmt::print("\nDerived rules ({}_rules.txt):\n\n", base);
  if (std::ifstream rules(base + "_rules.txt"); rules) {
    for (std::string line; std::getline(rules, line);) fmt::print("  {}\n", line);
  }
  fmt::print("\nGenerated kernel: {}.cpp\n", base);
  fmt::print("demo: test_accuracy={:.4f} samples_per_second={:.0f}\n", experiment.test_accuracy(),
             experiment.speed());
}

int run(Settings s) {
  const bool small = s.dataset == "digits";
  if (s.data.empty()) s.data = std::string(FREEFALL_DATA_DIR) + "/" + s.dataset;
  if (s.learning_rate == 0) s.learning_rate = small ? 2e-3 : 1e-3;
  if (s.epochs == 0) s.epochs = small ? 40 : 6;
  s.decay = small ? 1.0 : 0.7;
  const Data data =
      small ? load_digits(s.data) : load_mnist(s.data, fmt::format("Run scripts/data {}.", s.dataset));
  if (small) {
    train<pcn_digits::instance>(s, data, pcn_digits::tensors(), pcn_digits::extent::batch,
                                FREEFALL_GENERATED_DIR);
  } else {
    train<pcn_mnist::instance>(s, data, pcn_mnist::tensors(), pcn_mnist::extent::batch,
                               FREEFALL_GENERATED_DIR);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings s;
  CLI::App app{"Trains a predictive coding network on handwritten digits."};
  app.add_option("dataset", s.dataset, "digits (8x8, in the repository), mnist or fashion")
      ->required()
      ->check(CLI::IsMember({"digits", "mnist", "fashion"}));
  app.add_option("--data", s.data, "folder of the data (default: where scripts/data puts it)");
  app.add_option("--seed", s.seed, "seed of initial weights and order of images")->capture_default_str();
  app.add_option("--epochs", s.epochs, "passes over the training images (default: digits 40, else 6)")
      ->check(CLI::PositiveNumber);
  app.add_option("--learning-rate", s.learning_rate,
                 "of Adam (default: digits 0.002, else 0.001 times 0.7 an epoch)")
      ->check(CLI::PositiveNumber);
  app.add_option("--inference-rate", s.inference_rate, "Euler step of the activities")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  auto* checkpoint = app.add_option("--checkpoint", s.checkpoint,
                                    "write parameters and optimiser here after every epoch (.npz)");
  app.add_flag("--resume", s.resume, "go on from the checkpoint")->needs(checkpoint);
  app.add_option("--results", s.results, "write curves and figures here after every epoch (.json)");
  app.add_flag("--demo", s.demo, "print the derived rules and a summary line at the end");
  CLI11_PARSE(app, argc, argv);
  try {
    return run(s);
  } catch (const std::exception& e) {
    fmt::print(stderr, "pcn_experiment: {}\n", e.what());
    return 1;
  }
}

#pragma once
// Training the network on handwritten digits, with the settings of README.md.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <freefall/runtime/initialise.hpp>
#include <freefall/runtime/progress.hpp>
#include <functional>
#include <numeric>
#include <span>
#include <string>

#include "models/support/images.hpp"
#include "models/support/run.hpp"

namespace freefall::models::pcn {

namespace rt = freefall::runtime;

struct Data {
  Images train, test;
};

struct Settings : RunSettings {  // no epochs and a learning rate of 0: what README.md says for the data set
  std::string data, dataset;     // dataset: digits, mnist or fashion; data: its folder
  double inference_rate = 0.1, learning_rate = 0, decay = 1;

  bool small() const { return dataset == "digits"; }

  /// With the defaults of the data set in place of what was left open; `folder` holds the data sets.
  Settings completed(const std::string& folder) const {
    Settings s = *this;
    if (s.data.empty()) s.data = folder + "/" + dataset;
    if (s.learning_rate == 0) s.learning_rate = small() ? 2e-3 : 1e-3;
    if (s.epochs == 0) s.epochs = small() ? 40 : 6;
    s.decay = small() ? 1.0 : 0.7;
    return s;
  }
};

inline Images select(const rt::table& rows, std::span<const std::size_t> order) {
  Images out{order.size(), rows.columns - 1, {}, {}};
  for (const std::size_t r : order) {
    const auto row = rows.row(r);
    for (std::size_t p = 0; p < out.pixels; ++p) out.values.push_back(static_cast<float>(row[p] / 8 - 1));
    out.labels.push_back(static_cast<std::uint8_t>(row.back()));
  }
  return out;
}

// The first 360 of a fixed permutation of the rows are held out.
inline Data load_digits(const std::string& folder) {
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
inline Data load_mnist(const std::string& folder, const std::string& hint) {
  return {freefall::models::load_idx_training(folder, 0.1307f, 0.3081f, hint),
          freefall::models::load_idx_test(folder, 0.1307f, 0.3081f, hint)};
}

/// Throws data_error, which names the command that fetches what is missing.
inline Data load(const Settings& s) {
  return s.small() ? load_digits(s.data) : load_mnist(s.data, fmt::format("Run scripts/data {}.", s.dataset));
}

/// What one epoch came to: mean free energy of its batches at the end of inference, in nats per image.
struct Epoch {
  std::size_t number;  // from 1
  double energy, samples_per_second;
};

// One size of the network: its kernels and the sizes they were made for.
template <class Instance>
class Training {
 public:
  Training(const Settings& settings, const Data& data, std::span<const rt::tensor_info> tensors,
           std::size_t batch)
      : settings_(settings), data_(data), tensors_(tensors), batch_(batch), run_(settings, "pcn") {
    const std::size_t expected = static_cast<std::size_t>(net_.image().cols());
    if (data.train.pixels != expected)
      throw rt::data_error(
          settings.data, fmt::format("expected images of {} pixels, found {}", expected, data.train.pixels));
    net_.inference_rate() = static_cast<float>(settings.inference_rate);
    initialise();
    run_.keep("", net_, tensors_);
  }

  /// The remaining epochs; `after` is called at the end of each.
  void run(const std::function<void(const Epoch&)>& after) {
    double total_seconds = 0;
    std::size_t total_images = 0;
    run_.each([&](std::size_t epoch) {
      const auto start = std::chrono::steady_clock::now();
      const double energy = train_epoch(epoch);
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      const std::size_t trained = data_.train.rows / batch_ * batch_;
      total_seconds += seconds;
      total_images += trained;
      if (!settings_.results.empty()) record(energy);  // of the batch trained last, so before `after`
      after({epoch + 1, energy, static_cast<double>(trained) / seconds});
    });
    speed_ = total_seconds > 0 ? static_cast<double>(total_images) / total_seconds : 0;
    if (!settings_.results.empty()) show_examples();
  }

  double train_accuracy() { return accuracy(data_.train); }
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
  double train_epoch(std::size_t epoch) {
    net_.learning_rate() =
        static_cast<float>(settings_.learning_rate * std::pow(settings_.decay, static_cast<double>(epoch)));
    const auto order =
        rt::stream(settings_.seed, rt::stream_id("order", epoch)).permutation(data_.train.rows);
    rt::progress bar(fmt::format("epoch {}", epoch + 1), data_.train.rows, "images");
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

  void record(double energy) {
    run_.results.append("Free energy, nats per image", "epoch", "train", energy);
    // Mean square of the prediction errors of each layer, of the batch that was trained last.
    const auto error = [&](const char* layer, const auto& difference) {
      run_.results.append("Prediction error, mean square", "epoch", layer,
                          static_cast<double>(difference.square().mean()));
    };
    const auto drive = [](const auto& W, const auto& x, const auto& b) {
      auto out = (x * W.transpose()).eval();
      out.rowwise() += Eigen::Map<const Eigen::RowVectorXf>(b.data(), b.size());
      return out.array().eval();
    };
    error("h1", net_.h1().array() - drive(net_.W1(), net_.image(), net_.b1()).tanh());
    error("h2", net_.h2().array() - drive(net_.W2(), net_.h1(), net_.b2()).tanh());
    error("digit", net_.digit().array() - drive(net_.W3(), net_.h2(), net_.b3()));
    run_.results.append("Accuracy", "epoch", "train", train_accuracy());
    run_.results.append("Accuracy", "epoch", "test", test_accuracy());
  }

  // The first test images and what the network says.
  void show_examples() {
    std::vector<std::size_t> rows(std::min<std::size_t>({20, batch_, data_.test.rows}));
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    show(data_.test, rows);
    net_.predict(rows.size());
    const auto width =
        static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(data_.test.pixels))));
    for (const std::size_t r : rows) {
      Eigen::Index answer = 0;
      net_.digit().row(static_cast<Eigen::Index>(r)).maxCoeff(&answer);
      const auto image = data_.test.image(r);
      const auto [low, high] = std::minmax_element(image.begin(), image.end());
      std::vector<float> grey;
      for (const float v : image) grey.push_back((v - *low) / std::max(*high - *low, 1e-6f));
      const int label = data_.test.labels[r];
      run_.results.picture(
          answer == label ? fmt::format("{}", label) : fmt::format("{}, taken for {}", label, answer), width,
          grey);
    }
    run_.results.figure("test accuracy", test_accuracy());
    run_.results.save();
  }

  const Settings& settings_;
  const Data& data_;
  std::span<const rt::tensor_info> tensors_;
  std::size_t batch_;
  Instance net_;
  Run run_;
  double speed_ = 0;
};

}  // namespace freefall::models::pcn

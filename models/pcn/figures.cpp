// Test accuracies on the digits of the repository and on the larger data sets.

#include <pcn_digits_views.hpp>
#include <pcn_mnist_views.hpp>

#include "models/pcn/training.hpp"
#include "models/support/figures.hpp"

namespace freefall::models::pcn {
namespace {

template <class Instance>
std::vector<double> accuracies(const std::string& dataset, std::uint64_t seeds,
                               std::span<const rt::tensor_info> tensors, std::size_t batch,
                               const watch& progress) {
  Settings s;
  s.dataset = dataset;
  s = s.completed(FREEFALL_DATA_DIR);
  const Data data = load(s);
  std::vector<double> out;
  for (s.seed = 0; s.seed < seeds; ++s.seed) {
    Training<Instance> training(s, data, tensors, batch);
    training.run([&](const Epoch& e) {
      progress(s.seed * s.epochs + static_cast<std::size_t>(e.number), seeds * s.epochs);
    });
    out.push_back(training.test_accuracy());
  }
  return out;
}

double mean(const std::vector<double>& of) {
  return std::accumulate(of.begin(), of.end(), 0.0) / static_cast<double>(of.size());
}

std::vector<double> digits(const watch& progress) {
  const auto found = accuracies<pcn_digits::instance>("digits", 10, pcn_digits::tensors(),
                                                      pcn_digits::extent::batch, progress);
  return {mean(found), *std::ranges::min_element(found)};
}

std::vector<double> mnist(const watch& progress) {
  const auto found =
      accuracies<pcn_mnist::instance>("mnist", 5, pcn_mnist::tensors(), pcn_mnist::extent::batch, progress);
  return {mean(found), *std::ranges::min_element(found)};
}

std::vector<double> fashion(const watch& progress) {
  return accuracies<pcn_mnist::instance>("fashion", 1, pcn_mnist::tensors(), pcn_mnist::extent::batch,
                                         progress);
}

}  // namespace
}  // namespace freefall::models::pcn

int main(int argc, char** argv) {
  using namespace freefall::models;
  const std::string by_hand = "the network written by hand, same settings: ";
  const std::string published = "Whittington and Bogacz 2017 and Millidge 2021 reach it with such networks";
  return figures_main(argc, argv, "pcn",
                      {{"digits",
                        cost::quick,
                        "test accuracy on 360 held-out images of 8x8 digits, 40 epochs, 10 seeds",
                        {{"mean_accuracy", within(0.9875, 0.005), by_hand + "30 splits and seeds"},
                         {"worst_accuracy", at_least(0.96),
                          "below what backpropagation reaches, 0.99, by less than chance of a seed"}},
                        pcn::digits},
                       {"mnist",
                        cost::slow,
                        "test accuracy on MNIST, 784-300-100-10, 6 epochs, 5 seeds",
                        {{"mean_accuracy", within(0.9765, 0.002), by_hand + "5 seeds"},
                         {"worst_accuracy", at_least(0.97), published}},
                        pcn::mnist},
                       {"fashion",
                        cost::slow,
                        "test accuracy on FashionMNIST, 784-300-100-10, 6 epochs, 1 seed",
                        {{"accuracy", within(0.8724, 0.006), "an earlier run of these kernels"}},
                        pcn::fashion}});
}

// How well unseen digits are reconstructed from twenty numbers.

#include "models/support/figures.hpp"
#include "models/pcn_generative/training.hpp"

namespace freefall::models::pcn_generative {
namespace {

std::vector<double> mnist(const watch& progress) {
  constexpr std::uint64_t seeds = 5;
  Settings s;
  const Data data = load(FREEFALL_DATA_DIR "/mnist");
  std::vector<double> errors;
  for (s.seed = 0; s.seed < seeds; ++s.seed) {
    pcn_generative_mnist::instance net;
    begin(net, s);
    for (std::size_t epoch = 0; epoch < s.epochs; ++epoch) {
      train(net, s, data, epoch);
      progress(s.seed * s.epochs + epoch + 1, seeds * s.epochs);
    }
    errors.push_back(reconstruction_error(net, data.test, data.test.rows));
  }
  return {std::accumulate(errors.begin(), errors.end(), 0.0) / static_cast<double>(errors.size()),
          *std::ranges::max_element(errors)};
}

}  // namespace
}  // namespace freefall::models::pcn_generative

int main(int argc, char** argv) {
  using namespace freefall::models;
  return figures_main(
      argc, argv, "pcn_generative",
      {{"mnist",
        cost::slow,
        "mean squared error per pixel of all test images after 600 updates, 5 seeds",
        {{"mean_error", within(0.0124, 0.0003), "the model written by hand with a flat prior, 5 seeds"},
         {"worst_error", at_most(0.0235), "the best linear code of 20 numbers"}},
        pcn_generative::mnist}});
}

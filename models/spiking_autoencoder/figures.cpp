// How the couplings of the spiking network approach the best ones, where they rest, and how well it is read
// out.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "models/spiking_autoencoder/learning.hpp"
#include "models/support/figures.hpp"

namespace freefall::models::spiking_autoencoder {
namespace {

double median(std::vector<double> of) {
  std::ranges::sort(of);
  return of[of.size() / 2];
}

struct known_distance {
  std::uint64_t seconds;
  double distance;
};
constexpr std::array<known_distance, 3> distances = {{{4, 0.11}, {16, 0.030}, {64, 0.0037}}};
const std::string program = "an independent program with a signal of its own; a factor of ";

// Within a factor: two figures, since no distance on either side says it.
void within_factor(experiment& e, const std::string& name, double value, double factor) {
  const std::string source = program + fmt::format("{}", factor);
  e.figures.push_back({name + ".least", at_least(value / factor), source});
  e.figures.push_back({name + ".most", at_most(value * factor), source});
}

experiment approach() {
  experiment out{
      "approach", cost::quick, "distance of the couplings from the best ones, median of 5 seeds", {}, {}};
  for (const known_distance& known : distances)
    within_factor(out, fmt::format("{}_s", known.seconds), known.distance, 2);
  out.measure = [](const watch&) {
    std::array<std::vector<double>, distances.size()> found;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      simulation s(seed);
      for (std::size_t k = 0; k < distances.size(); ++k) {
        s.learn_until(distances[k].seconds);
        found[k].push_back(s.fit().distance);
      }
    }
    std::vector<double> values;
    for (const auto& f : found) values.insert(values.end(), 2, median(f));
    return values;
  };
  return out;
}

experiment rest() {
  experiment out{
      "rest",
      cost::slow,
      "after 256 s of learning, median of 3 seeds",
      {{"scale", within(1 / (2 * settings.rule.beta), 0.01), "fixed point of the rule, 1 / (2 beta)"}},
      {}};
  within_factor(out, "read_out_error", 0.016, 1.5);
  out.measure = [](const watch& progress) {
    std::vector<double> scale, error;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      simulation s(seed);
      for (std::uint64_t seconds = 16; seconds <= 256; seconds += 16) {
        s.learn_until(seconds);
        progress((seed - 1) * 256 + seconds, 3 * 256);
      }
      scale.push_back(s.fit().scale);
      error.push_back(s.read_out_error(4));
    }
    return std::vector<double>{median(scale), median(error), median(error)};
  };
  return out;
}

}  // namespace
}  // namespace freefall::models::spiking_autoencoder

int main(int argc, char** argv) {
  using namespace freefall::models;
  return figures_main(argc, argv, "spiking_autoencoder",
                      {spiking_autoencoder::approach(), spiking_autoencoder::rest()});
}

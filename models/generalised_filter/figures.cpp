// The error with which a wave is tracked, against its closed form.

#include <fmt/format.h>

#include "models/generalised_filter/tracking.hpp"
#include "models/support/figures.hpp"

int main(int argc, char** argv) {
  using namespace freefall::models;
  namespace tracking = generalised_filter;
  experiment wave{
      "wave", cost::quick, "amplitude of the error of order 0, y = sin t, k = 4, dt = 0.001", {}, {}};
  for (std::size_t orders = 1; orders <= tracking::most_orders; ++orders) {
    wave.figures.push_back({fmt::format("{}_orders.moving_frame", orders),
                            within(tracking::closed_form(orders), tracking::euler_error),
                            "(w / sqrt(k^2 + w^2))^N, the Euler error allowed"});
    wave.figures.push_back({fmt::format("{}_orders.at_rest", orders),
                            within(tracking::closed_form(1), tracking::euler_error),
                            "w / sqrt(k^2 + w^2), the Euler error allowed"});
  }
  wave.measure = [](const watch&) {
    std::vector<double> found;
    for (std::size_t orders = 1; orders <= tracking::most_orders; ++orders) {
      const auto [moving, resting] = tracking::amplitudes(orders);
      found.insert(found.end(), {moving, resting});
    }
    return found;
  };
  return figures_main(argc, argv, "generalised_filter", {wave});
}

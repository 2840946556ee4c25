#pragma once
// The generated kernels in the setting of the hand-written simulation (simulation.hpp): the same signal, the
// same streams of noise, the same first couplings.

#include <span>
#include <vector>

#include "models/spiking_autoencoder/simulation.hpp"
#include "spiking_autoencoder_20_views.hpp"

namespace freefall::models::spiking_autoencoder {

namespace hand = freefall::by_hand::spiking_autoencoder;

inline const hand::fast_learning_settings settings;
inline constexpr std::uint64_t ticks_per_second = 10000;

class simulation {
 public:
  explicit simulation(std::uint64_t seed)
      : signal(seed, 2, settings.signal, settings.c),
        membrane(seed, "membrane"),
        threshold(seed, "threshold") {
    net.D() = hand::circle(20).transpose();
    net.leak() = settings.c.leak * settings.c.step;
    net.eta() = settings.rule.rate;
    net.beta() = settings.rule.beta;
    net.W() = hand::fast_learning(seed).net.W;
  }

  /// Sets signal and noise of the next tick, then calls `tick`.
  template <class Tick>
  void step(Tick&& tick) {
    net.u() = settings.c.step * signal.next();
    std::vector<double> v(20), t(20);
    membrane.fill_normal(std::span(v), steps * 20);
    threshold.fill_normal(std::span(t), steps * 20);
    for (Eigen::Index i = 0; i < 20; ++i) {
      net.xi()(i) = settings.membrane_noise * v[std::size_t(i)];
      net.nu()(i) = settings.threshold_noise * t[std::size_t(i)];
    }
    ++steps;
    tick();
  }

  void learn_until(std::uint64_t seconds) {
    while (steps < seconds * ticks_per_second) step([&] { net.learn(); });
  }

  /// Of the couplings and the best ones, up to a scale.
  hand::coupling_fit<double> fit() {
    const by_hand::matrix<double> couplings = net.W();
    return hand::compare(couplings, hand::network<double>(hand::circle(20)).W);
  }

  /// Error of the read-out D r over some seconds with the couplings as they are.
  double read_out_error(std::uint64_t seconds) {
    hand::decoder_error<double> decoded;
    for (std::uint64_t t = 0; t < seconds * ticks_per_second; ++t) {
      step([&] { net.run(); });
      const by_hand::column<double> x = net.x(), read = net.D() * net.r();
      decoded.add(x, read);
    }
    return decoded.value();
  }

  ::spiking_autoencoder_20::instance net;
  hand::smooth_signal signal;
  runtime::stream membrane, threshold;
  std::uint64_t steps = 0;
};

}  // namespace freefall::models::spiking_autoencoder

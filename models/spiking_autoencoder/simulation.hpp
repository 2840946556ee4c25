#pragma once
// Learning the fast couplings of the hand-written spiking autoencoder from a smooth random signal (the
// setting of Bourdoukan and Deneve 2015, figure 1, with the noise of Brendel et al. 2020).

#include <cstdint>
#include <numbers>
#include <span>

#include "freefall/runtime/random.hpp"
#include "models/spiking_autoencoder/reference.hpp"

namespace freefall::by_hand::spiking_autoencoder {

// N unit vectors spread evenly over the circle, [N, 2].
inline matrix<double> circle(Eigen::Index n) {
  matrix<double> F(n, 2);
  for (Eigen::Index i = 0; i < n; ++i) {
    const double angle = 2 * std::numbers::pi * double(i) / double(n);
    F.row(i) << std::cos(angle), std::sin(angle);
  }
  return F;
}

// Input s whose leaky integral x has the standard deviation `size` in each dimension: white noise through two
// exponential filters of time constant tau, s = gain * (filter of filter of noise). The gain is found from
// the response of x to one unit of noise, x being the sum of such responses. Step k takes the normal draws Jk
// .. Jk + J - 1 of the stream "signal".
class smooth_signal {
 public:
  smooth_signal(std::uint64_t seed, Eigen::Index dimensions, double size, const constants<double>& c,
                double tau = 0.02)
      : draws_(seed, "signal"), mix_(c.step / tau) {
    first_ = second_ = noise_ = column<double>::Zero(dimensions);
    double a = 1, b = 0, x = 0, power = 0;
    const double kept = 1 - c.leak * c.step;
    for (double time = 0; time < 50 * (tau + 1 / c.leak); time += c.step) {
      b += mix_ * (a - b);
      x = kept * x + c.step * b;
      a -= mix_ * a;
      power += x * x;
    }
    gain_ = size / std::sqrt(power);
  }

  const column<double>& next() {
    draws_.fill_normal(std::span(noise_.data(), std::size_t(noise_.size())), drawn_);
    drawn_ += std::uint64_t(noise_.size());
    first_ += noise_ - mix_ * first_;
    second_ += mix_ * (first_ - second_);
    return value_ = gain_ * second_;
  }

  // Calls keep(name, number) with what a run that is resumed must have again.
  template <class Keep>
  void state(const Keep& keep) {
    keep("drawn", drawn_);
    for (const auto& [name, part] : {std::pair{"first", &first_}, {"second", &second_}, {"noise", &noise_}})
      keep(name, std::span<double>(part->data(), std::size_t(part->size())));
  }

 private:
  runtime::stream draws_;
  std::uint64_t drawn_ = 0;
  double mix_, gain_ = 1;
  column<double> first_, second_, noise_, value_;
};

struct fast_learning_settings {
  Eigen::Index neurons = 20;
  constants<double> c{};
  voltage_rule<double> rule{0.01, 0.52};
  double signal = 2;              // standard deviation of x in each dimension
  double membrane_noise = 1e-3;   // of V, each step
  double threshold_noise = 1e-2;  // of T, each step
  policy how = policy::one_winner;
};

// One network learning for as long as it is run. W starts at -0.2 u_ij - 0.5 I with u uniform in (0, 1).
class fast_learning {
 public:
  explicit fast_learning(std::uint64_t seed, const fast_learning_settings& set = {})
      : net(circle(set.neurons), form::recurrent, set.c),
        set_(set),
        signal_(seed, 2, set.signal, set.c),
        membrane_(seed, "membrane"),
        threshold_(seed, "threshold") {
    const runtime::stream start(seed, "couplings");
    for (Eigen::Index k = 0; k < net.W.size(); ++k) net.W.data()[k] = -0.2 * start.uniform(std::uint64_t(k));
    net.W.diagonal().array() -= 0.5;
    voltage_noise_ = threshold_noise_ = column<double>::Zero(set.neurons);
  }

  network<double> net;
  long spikes = 0;
  double seconds = 0;

  // The error of the read-out F' r over the seconds run.
  decoder_error<double> run(double until, bool learn = true) {
    decoder_error<double> error;
    const auto n = std::size_t(set_.neurons);
    for (const long last = std::lround(until / set_.c.step); steps_ < last; ++steps_) {
      const auto first = std::uint64_t(steps_) * n;
      membrane_.fill_normal(std::span(voltage_noise_.data(), n), first);
      threshold_.fill_normal(std::span(threshold_noise_.data(), n), first);
      net.advance(signal_.next(), set_.membrane_noise * voltage_noise_);
      const auto fired =
          net.fire(set_.how, set_.threshold_noise * threshold_noise_, learn ? &set_.rule : nullptr);
      spikes += long(fired.size());
      error.add(net.x, net.decoded());
    }
    seconds = double(steps_) * set_.c.step;
    return error;
  }

  coupling_fit<double> fit() const { return compare(net.W, net.optimal_couplings()); }

 private:
  fast_learning_settings set_;
  smooth_signal signal_;
  runtime::stream membrane_, threshold_;
  column<double> voltage_noise_, threshold_noise_;
  long steps_ = 0;
};

}  // namespace freefall::by_hand::spiking_autoencoder

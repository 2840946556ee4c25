#pragma once
// The two-pattern simulation (Spisak and Friston 2025, section 4.1, with the settings of its public code) run
// by the generated kernels: learning, the two attractors, retrieval from noise and mixing of both patterns.

#include <freefall/runtime/random.hpp>
#include <limits>

#include "attractor_bars_views.hpp"
#include "models/attractor/simulation.hpp"

namespace freefall::models::attractor {

namespace by_hand = freefall::by_hand::attractor;
using network = attractor_bars::instance;
using pattern = freefall::by_hand::column<double>;

struct result {
  double monitor_begin = 0, monitor_end = 0;  // mean monitor of the first 10 and of the last 500 steps
  double attractor_correlation = 0;           // of the two attractors; NaN where one does not settle
  double retrieval = 0, mixing = 0;           // correlation of a response with the clean bar, with the cross
};

// The state that settling without evidence at precision 1 reaches from L(start / 10), or NaN where it does
// not rest.
inline pattern attractor_from(network& net, const pattern& start) {
  net.bias().setZero();
  net.beta() = 1;
  net.sigma() = by_hand::mean<double>(0.1 * start);
  net.relax();
  if (net.passes() < 1000) return net.sigma();
  return pattern::Constant(25, std::numeric_limits<double>::quiet_NaN());
}

// The mean state of some steps under evidence, from state 0.
inline pattern response(network& net, const pattern& evidence, double beta, int steps, bool in_order) {
  net.bias() = evidence;
  net.beta() = beta;
  net.sigma().setZero();
  pattern sum = pattern::Zero(25);
  for (int step = 0; step < steps; ++step) {
    in_order ? net.sample_in_order() : net.sample();
    sum += net.sigma();
  }
  return sum / steps;
}

inline constexpr std::size_t epochs = 500;

// Before the first epoch: precision 0.1, learning rate 0.01.
inline void begin(network& net, std::uint64_t seed) {
  net.draw_seed = seed;
  net.beta() = 0.1;
  net.alpha() = 0.01;
}

// An epoch of 10 steps, one of the two patterns shown with evidence 30; the mean monitor of its steps.
inline double learn(network& net, std::uint64_t seed, bool in_order, std::size_t epoch) {
  const by_hand::bars show;
  const runtime::stream choice(seed, "pattern");
  net.bias() = 30 * (choice.uniform(epoch) < 0.5 ? show.vertical : show.horizontal);
  double monitor = 0;
  for (int step = 0; step < 10; ++step) {
    in_order ? net.train_in_order() : net.train();
    monitor += net.monitor() / 10;
  }
  return monitor;
}

// What a network that has learned does: its two attractors, retrieval from noise and mixing.
inline void probe(network& net, std::uint64_t seed, bool in_order, result& found) {
  const by_hand::bars show;
  const pattern one = attractor_from(net, show.vertical), other = attractor_from(net, show.horizontal);
  found.attractor_correlation = one.hasNaN() || other.hasNaN() ? std::numeric_limits<double>::quiet_NaN()
                                                               : by_hand::correlation(one, other);
  pattern noise(25);
  runtime::stream(seed, "noise").fill_normal(std::span(noise.data(), 25));
  found.retrieval = by_hand::correlation(response(net, show.plain_horizontal + 0.5 * noise, 1, 30, in_order),
                                         show.plain_horizontal);
  found.mixing = by_hand::correlation(response(net, show.cross, 2, 20, in_order), show.cross);
}

// States are drawn all at once, or one after the other.
inline result run(std::uint64_t seed, bool in_order = false) {
  network net;
  result found;
  begin(net, seed);
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
    const double monitor = learn(net, seed, in_order, epoch);
    if (epoch == 0) found.monitor_begin = monitor;
    if (epoch + 50 >= epochs) found.monitor_end += monitor / 50;
  }
  probe(net, seed, in_order, found);
  return found;
}

}  // namespace freefall::models::attractor

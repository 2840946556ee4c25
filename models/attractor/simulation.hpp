#pragma once
// Driving the hand-written attractor network: random scans, relaxation, and the two-pattern simulation
// (Spisak and Friston 2025, section 4.1, with the settings of its public code).

#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <vector>

#include "freefall/runtime/random.hpp"
#include "models/attractor/reference.hpp"

namespace freefall::by_hand::attractor {

enum class schedule { synchronous, sequential, random_scan };

// Samples a network with draws of its own: the k-th sweep of n states takes the uniform draws kn .. kn + n -
// 1 of the stream "state", and under a random scan visits the states floor(n u) for the same draws of "scan".
class sampler {
 public:
  explicit sampler(std::uint64_t seed) : state_(seed, "state"), scan_(seed, "scan") {}

  void sweep(network<double>& net, schedule by) {
    const auto n = std::size_t(net.size());
    u_.resize(n);
    state_.fill_uniform<double>(u_, drawn_);
    if (by == schedule::synchronous) {
      net.sample(u_);
    } else {
      order_.resize(n);
      std::iota(order_.begin(), order_.end(), 0);
      if (by == schedule::random_scan)
        for (std::size_t k = 0; k < n; ++k) order_[k] = Eigen::Index(double(n) * scan_.uniform(drawn_ + k));
      net.sample(u_, order_);
    }
    drawn_ += n;
  }

 private:
  runtime::stream state_, scan_;
  std::uint64_t drawn_ = 0;
  std::vector<double> u_;
  std::vector<Eigen::Index> order_;
};

// Pearson's correlation; 0 where one of the two is constant.
inline double correlation(const column<double>& x, const column<double>& y) {
  const column<double> a = x.array() - x.mean(), b = y.array() - y.mean();
  const double scale = a.norm() * b.norm();
  return scale > 0 ? a.dot(b) / scale : 0;
}

// x less its mean, divided by its (population) standard deviation.
inline column<double> standardised(column<double> x) {
  x.array() -= x.mean();
  return x / std::sqrt(x.squaredNorm() / double(x.size()));
}

// The fixed point reached by settling without evidence at beta = 1 from L(start / 10): until
// published_monitor changes by less than 1e-12, at most 1000 sweeps, else nothing (all states at once can
// fall into a 2-cycle).
inline std::optional<column<double>> attractor_from(network<double> net, const column<double>& start) {
  net.bias.setZero();
  net.beta = 1;
  net.state = mean<double>(0.1 * start);
  double before = std::numeric_limits<double>::infinity();
  for (int sweep = 0; sweep < 1000; ++sweep) {
    net.settle();
    const double now = net.published_monitor();
    if (std::abs(now - before) < 1e-12) return net.state;
    before = now;
  }
  return std::nullopt;
}

// The response to evidence: the mean state of `sweeps` samples from state 0.
inline column<double> response(network<double> net, const column<double>& evidence, double beta, int sweeps,
                               schedule by, std::uint64_t seed) {
  net.bias = evidence;
  net.beta = beta;
  net.state.setZero();
  column<double> sum = column<double>::Zero(net.size());
  sampler draw(seed);
  for (int sweep = 0; sweep < sweeps; ++sweep) {
    draw.sweep(net, by);
    sum += net.state;
  }
  return sum / sweeps;
}

// Two bars on a 5 x 5 image that cross in a bright centre, each standardised: correlation 0.7706.
struct bars {
  column<double> vertical = bar(true, false, 4), horizontal = bar(false, true, 4);
  column<double> plain_horizontal = bar(false, true, 1);  // no bright centre
  column<double> cross = bar(true, true, 1);

  static column<double> bar(bool down, bool across, double centre) {
    column<double> image = column<double>::Zero(25);
    for (Eigen::Index k = 0; k < 5; ++k) {
      if (down) image(5 * k + 2) = 1;
      if (across) image(5 * 2 + k) = 1;
    }
    image(12) = centre;
    return standardised(image);
  }
};

struct two_pattern_settings {
  double evidence = 30;
  double beta = 0.1;
  double rate = 0.01;
  int epochs = 500;
  int sweeps = 10;  // of each epoch, one pattern being shown; the state is carried over
  learning_rule rule = rule_a;
  schedule by = schedule::synchronous;
};

struct two_pattern_result {
  network<double> net{25};
  double monitor_begin = 0,
         monitor_end = 0;            // mean published_monitor of the first 10 and the last 500 sweeps
  double attractor_correlation = 0;  // of the two attractors; NaN where one does not settle
  double retrieval_input = 0, retrieval = 0;  // correlation of a noisy bar, and of the response, with the bar
  double mixing = 0;                          // correlation of the response to the cross with the cross
};

inline two_pattern_result learn_two_patterns(std::uint64_t seed, const two_pattern_settings& set = {}) {
  const bars show;
  two_pattern_result result;
  network<double>& net = result.net;
  const runtime::stream choice(seed, "pattern");
  sampler draw(seed);
  net.beta = set.beta;
  const int total = set.epochs * set.sweeps;
  int done = 0, last = 0;
  for (int epoch = 0; epoch < set.epochs; ++epoch) {
    net.bias = set.evidence * (choice.uniform(std::uint64_t(epoch)) < 0.5 ? show.vertical : show.horizontal);
    for (int sweep = 0; sweep < set.sweeps; ++sweep, ++done) {
      draw.sweep(net, set.by);
      net.learn(set.rule, set.rate);
      if (done < 10) result.monitor_begin += net.published_monitor() / 10;
      if (done >= total - 500) {
        result.monitor_end += net.published_monitor();
        ++last;
      }
    }
  }
  result.monitor_end /= last;

  const auto one = attractor_from(net, show.vertical), other = attractor_from(net, show.horizontal);
  result.attractor_correlation =
      one && other ? correlation(*one, *other) : std::numeric_limits<double>::quiet_NaN();
  column<double> noise(25);
  runtime::stream(seed, "noise").fill_normal(std::span(noise.data(), 25));
  const column<double> input = show.plain_horizontal + 0.5 * noise;
  result.retrieval_input = correlation(input, show.plain_horizontal);
  result.retrieval = correlation(response(net, input, 1, 30, set.by, seed + 1000003), show.plain_horizontal);
  result.mixing = correlation(response(net, show.cross, 2, 20, set.by, seed + 2000003), show.cross);
  return result;
}

}  // namespace freefall::by_hand::attractor

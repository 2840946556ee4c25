// A spiking autoencoder that learns (spiking_case.hpp), 20 and 400 neurons, one tick a call and many: the
// generated kernels, those by hand, Eigen, NumPy.

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <spiking_bench_20_views.hpp>
#include <spiking_bench_400_views.hpp>
#include <spiking_ticks_20_views.hpp>
#include <spiking_ticks_400_views.hpp>
#include <spiking_trusting_20_views.hpp>
#include <spiking_trusting_400_views.hpp>
#include <spiking_trusting_ticks_20_views.hpp>
#include <spiking_trusting_ticks_400_views.hpp>

#include "bench/bound.hpp"
#include "bench/race.hpp"
#include "bench/spiking_case.hpp"
#ifdef __AVX512F__
#include "bench/hand/spiking.hpp"
#endif

namespace {

using namespace freefall::bench;
using namespace freefall::bench::spiking;

FREEFALL_BENCH_BOUND(spiking_bench_20, step);
FREEFALL_BENCH_BOUND(spiking_bench_400, step);
FREEFALL_BENCH_BOUND(spiking_trusting_20, step);
FREEFALL_BENCH_BOUND(spiking_trusting_400, step);
FREEFALL_BENCH_BOUND(spiking_ticks_20, run);
FREEFALL_BENCH_BOUND(spiking_ticks_400, run);
FREEFALL_BENCH_BOUND(spiking_trusting_ticks_20, run);
FREEFALL_BENCH_BOUND(spiking_trusting_ticks_400, run);

template <class Bound, std::size_t n>
class generated_network {
 public:
  explicit generated_network(const setting& s) : given_(s) {
    std::ranges::copy(s.D, net_.D().data());
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) net_.W().data()[j * n + i] = s.W[i * n + j];
    net_.leak() = leak;
    net_.eta() = eta;
    net_.beta() = beta;
    net_.prepare();
    net_.trust_state();
    kernel_.arrays = net_.raw();
  }
  // Signal and noise are read where they lie. g++ would store the addresses as a vector, from which each
  // comes back late: a tenth of the time of a tick.
  void run(std::size_t t) {
    const auto in_register = [](const float* p) {
      asm volatile("" : "+r"(p) : : "memory");
      return p;
    };
    kernel_.arrays.u = in_register(given_.u.data() + 2 * t);
    kernel_.arrays.xi = in_register(given_.xi.data() + n * t);
    kernel_.arrays.nu = in_register(given_.nu.data() + n * t);
    kernel_();
  }
  float V(std::size_t i) { return net_.V().data()[i]; }
  float r(std::size_t i) { return net_.r().data()[i]; }
  float W(std::size_t i, std::size_t j) { return net_.W().data()[j * n + i]; }

 private:
  typename Bound::instance net_;
  Bound kernel_{net_};
  const setting& given_;
};

// Of voltages, traces and couplings, all of order 1, after every tick once.
constexpr double agreement = 1e-4;

// One after the other; each checked against the network in double, then ready for a race.
template <int n>
class contest {
 public:
  contest(const setting& given, std::size_t ticks_of_a_call) : exact(given), at_a_time_(ticks_of_a_call) {
    for (std::size_t t = 0; t < ticks; ++t) exact.step(t);
    fmt::print("{} neurons, {} spikes in {} ticks\n", n, exact.spikes, ticks);
  }

  // `call` takes the ticks of a call from its argument on.
  template <class Network, class Call>
  void add(const char* name, kind what, Network& network, const Call& call) {
    for (std::size_t t = 0; t < ticks; t += at_a_time_) call(t);
    double off = 0;
    const auto compare = [&](auto found, double expected) {
      off = std::max(off, std::abs(static_cast<double>(found) - expected));
    };
    for (std::size_t i = 0; i < n; ++i) {
      compare(network.V(i), exact.V(i));
      compare(network.r(i), exact.r(i));
      for (std::size_t j = 0; j < n; ++j) compare(network.W(i, j), exact.W(i, j));
    }
    fmt::print("{:<26} differs from double by {:.1e}\n", name, off);
    if (!(off <= agreement)) {
      fmt::print(stderr, "spiking_bench: {} computes something else: expected at most {}\n", name, agreement);
      agree_ = false;
    }
    candidates_.push_back(in_process(name, what, [call, by = at_a_time_, t = std::size_t{0}]() mutable {
      call(t);
      t = (t + by) % ticks;
    }));
  }
  void add(std::vector<candidate> peers) {
    for (candidate& peer : peers) candidates_.push_back(std::move(peer));
  }

  // Of a tick: leaks of V and r, drive of two signals, noise, margin.
  int race(const std::string& name, int argc, char** argv) const {
    const auto of_a_call = static_cast<double>(at_a_time_);
    return agree_ ? freefall::bench::race({name, 10.0 * n * of_a_call, false, n, 1 / of_a_call}, candidates_,
                                          argc, argv)
                  : 1;
  }

  eigen_network<double> exact;

 private:
  std::size_t at_a_time_;
  std::vector<candidate> candidates_;
  bool agree_ = true;
};

template <class Bound, class Trusting, int n>
int one_tick(const setting& given, int argc, char** argv) {
  contest<n> candidates(given, 1);
  generated_network<Bound, n> generated(given);
  candidates.add("generated", kind::generated, generated, [&](std::size_t t) { generated.run(t); });
  generated_network<Trusting, n> trusting(given);
  candidates.add("generated, inputs trusted", kind::generated, trusting,
                 [&](std::size_t t) { trusting.run(t); });
#ifdef __AVX512F__
  const auto hand = std::make_unique<hand_network<n>>(given);
  candidates.add("hand", kind::hand, *hand, [&](std::size_t t) { hand->step(t); });
  const auto checked = std::make_unique<hand_network<n, true>>(given);
  candidates.add("hand, checked", kind::hand, *checked, [&](std::size_t t) { checked->step(t); });
#endif
  eigen_network<float> eigen(given);
  candidates.add("Eigen", kind::peer, eigen, [&](std::size_t t) { eigen.step(t); });

  numbers_file numbers;
  numbers.add(given.D).add(given.W).add(given.u).add(given.xi).add(given.nu);
  numbers.add(candidates.exact.net.V).add(candidates.exact.net.W.transpose().reshaped());
  candidates.add(in_python("NumPy", {"/usr/bin/python3", BENCH_FOLDER "/peers/spiking_numpy.py",
                                     std::to_string(n), numbers.path()}));
  candidates.add(in_python("PyTorch", {"/usr/bin/python3", BENCH_FOLDER "/peers/spiking_torch.py",
                                       std::to_string(n), numbers.path()}));
  return candidates.race(fmt::format("spiking, {} neurons", n), argc, argv);
}

// Peers in Python go tick by tick whatever they are given.
template <class Bound, class Trusting, int n>
int many_ticks(const setting& given, int argc, char** argv) {
  contest<n> candidates(given, ticks_of_a_run);
  generated_network<Bound, n> generated(given);
  candidates.add("generated", kind::generated, generated, [&](std::size_t t) { generated.run(t); });
  generated_network<Trusting, n> trusting(given);
  candidates.add("generated, u, xi trusted", kind::generated, trusting,
                 [&](std::size_t t) { trusting.run(t); });
#ifdef __AVX512F__
  constexpr int at_a_time = ticks_of_a_run;
  const auto hand = std::make_unique<hand_network<n>>(given);
  candidates.add("hand", kind::hand, *hand, [&](std::size_t t) { hand->template run<at_a_time>(t); });
  const auto checked = std::make_unique<hand_network<n, true>>(given);
  candidates.add("hand, checked", kind::hand, *checked,
                 [&](std::size_t t) { checked->template run<at_a_time>(t); });
#endif
  eigen_network<float> eigen(given);
  candidates.add("Eigen", kind::peer, eigen, [&](std::size_t t) {
    for (std::size_t k = 0; k < ticks_of_a_run; ++k) eigen.step(t + k);
  });
  return candidates.race(fmt::format("spiking, {} neurons, {} ticks a call", n, ticks_of_a_run), argc, argv);
}

template <class One, class OneTrusting, class Many, class ManyTrusting, int n>
int run(int argc, char** argv) {
  const setting given(n);
  const int one = one_tick<One, OneTrusting, n>(given, argc, argv);
  return one != 0 ? one : many_ticks<Many, ManyTrusting, n>(given, argc, argv);
}

}  // namespace

int main(int argc, char** argv) try {
  const int small = run<bound_spiking_bench_20, bound_spiking_trusting_20, bound_spiking_ticks_20,
                        bound_spiking_trusting_ticks_20, 20>(argc, argv);
  return small != 0 ? small
                    : run<bound_spiking_bench_400, bound_spiking_trusting_400, bound_spiking_ticks_400,
                          bound_spiking_trusting_ticks_400, 400>(argc, argv);
} catch (const std::exception& e) {
  fmt::print(stderr, "spiking_bench: {}\n", e.what());
  return 1;
}

// One tick of a spiking autoencoder that learns (spiking_case.hpp), 20 and 400 neurons: the generated kernel,
// a hand-written one, Eigen, NumPy.

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <spiking_bench_20_views.hpp>
#include <spiking_bench_400_views.hpp>
#include <spiking_trusting_20_views.hpp>
#include <spiking_trusting_400_views.hpp>

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
    step_.arrays = net_.raw();
  }
  // Signal and noise are read where they lie. g++ would store the addresses as a vector, from which each
  // comes back late: a tenth of the time of a tick.
  void step(std::size_t t) {
    const auto in_register = [](const float* p) {
      asm volatile("" : "+r"(p) : : "memory");
      return p;
    };
    step_.arrays.u = in_register(given_.u.data() + 2 * t);
    step_.arrays.xi = in_register(given_.xi.data() + n * t);
    step_.arrays.nu = in_register(given_.nu.data() + n * t);
    step_();
  }
  float V(std::size_t i) { return net_.V().data()[i]; }
  float r(std::size_t i) { return net_.r().data()[i]; }
  float W(std::size_t i, std::size_t j) { return net_.W().data()[j * n + i]; }

 private:
  typename Bound::instance net_;
  Bound step_{net_};
  const setting& given_;
};

// Of voltages, traces and couplings, all of order 1, after every tick once.
constexpr double agreement = 1e-4;

template <class Bound, class Trusting, int n>
int run(int argc, char** argv) {
  const setting given(n);
  eigen_network<double> exact(given);
  for (std::size_t t = 0; t < ticks; ++t) exact.step(t);
  fmt::print("{} neurons, {} spikes in {} ticks\n", n, exact.spikes, ticks);

  bool agree = true;
  std::vector<candidate> candidates;
  const auto add = [&](const char* name, kind what, auto& network) {
    for (std::size_t t = 0; t < ticks; ++t) network.step(t);
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
      agree = false;
    }
    candidates.push_back(
        in_process(name, what, [&, t = std::size_t{0}]() mutable { network.step(t++ % ticks); }));
  };
  generated_network<Bound, n> generated(given);
  add("generated", kind::generated, generated);
  generated_network<Trusting, n> trusting(given);
  add("generated, inputs trusted", kind::generated, trusting);
#ifdef __AVX512F__
  const auto hand = std::make_unique<hand_network<n>>(given);
  add("hand", kind::hand, *hand);
  const auto checked = std::make_unique<hand_network<n, true>>(given);
  add("hand, checked", kind::hand, *checked);
#endif
  eigen_network<float> eigen(given);
  add("Eigen", kind::peer, eigen);
  if (!agree) return 1;

  numbers_file numbers;
  numbers.add(given.D).add(given.W).add(given.u).add(given.xi).add(given.nu);
  numbers.add(exact.net.V).add(exact.net.W.transpose().reshaped());
  for (auto& peer : in_python("NumPy", {"/usr/bin/python3", BENCH_FOLDER "/peers/spiking_numpy.py",
                                        std::to_string(n), numbers.path()}))
    candidates.push_back(std::move(peer));
  for (auto& peer : in_python("PyTorch", {"/usr/bin/python3", BENCH_FOLDER "/peers/spiking_torch.py",
                                          std::to_string(n), numbers.path()}))
    candidates.push_back(std::move(peer));
  // Per neuron: leaks of V and r, drive of two signals, noise, margin.
  return race({fmt::format("spiking, {} neurons", n), 10.0 * n, false, n}, candidates, argc, argv);
}

}  // namespace

int main(int argc, char** argv) try {
  const int small = run<bound_spiking_bench_20, bound_spiking_trusting_20, 20>(argc, argv);
  return small != 0 ? small : run<bound_spiking_bench_400, bound_spiking_trusting_400, 400>(argc, argv);
} catch (const std::exception& e) {
  fmt::print(stderr, "spiking_bench: {}\n", e.what());
  return 1;
}

// One step of an attractor network (attractor_case.hpp) of 25, 64 and 784 units: the generated kernel,
// hand-written ones, Eigen, scalar C++, NumPy, PyTorch.

#include <fmt/format.h>

#include <algorithm>
#include <attractor_bench_25_views.hpp>
#include <attractor_bench_64_views.hpp>
#include <attractor_bench_784_views.hpp>
#include <memory>

#include "bench/attractor_case.hpp"
#include "bench/attractor_steps.hpp"
#include "bench/hand/attractor_eigen.hpp"
#include "bench/race.hpp"
#ifdef __AVX512F__
#include "bench/hand/attractor.hpp"
#endif

namespace {

using namespace freefall::bench;
using namespace freefall::bench::attractor;

// Largest difference of the states after so many steps, and of the couplings relative to the largest of them.
// In float the logarithm in a draw near 1 or -1 alone is off by 1e-6 and more.
constexpr double agreement = 3e-5;

// by_columns: J[sender][receiver].
template <class Instance, std::size_t n, bool by_columns>
int run(int argc, char** argv) {
  const std::vector<float> b = evidence(n);
  plain<double, replayed> exact(b);
  for (int t = 0; t < steps_of_a_run; ++t) exact.step();
  const auto largest = std::abs(*std::ranges::max_element(exact.J, {}, [](double x) { return std::abs(x); }));

  bool agree = true;
  const auto check = [&](const char* name, auto& network, const auto& state, const auto& couplings) {
    for (int t = 0; t < steps_of_a_run; ++t) network.step();
    double state_off = 0, couplings_off = 0;
    const auto s = state();
    const auto J = couplings();
    for (std::size_t i = 0; i < n; ++i)
      state_off = std::max(state_off, std::abs(static_cast<double>(s[i]) - exact.s[i]));
    for (std::size_t i = 0; i < n * n; ++i)
      couplings_off = std::max(couplings_off, std::abs(static_cast<double>(J[i]) - exact.J[i]) / largest);
    fmt::print("{:<22} differs from double by {:.1e}, its couplings by {:.1e} of the largest\n", name,
               state_off, couplings_off);
    if (state_off <= agreement && couplings_off <= agreement) return;
    fmt::print(stderr, "attractor_bench: {} computes something else: expected at most {}\n", name, agreement);
    agree = false;
  };

  std::vector<candidate> candidates;
  Instance by_steps, by_runs;
  const auto couplings = [](Instance& of) {
    std::vector<float> J(n * n);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) J[i * n + j] = of.J().data()[by_columns ? j * n + i : i * n + j];
    return J;
  };
  for (Instance* generated : {&by_steps, &by_runs}) {
    std::ranges::copy(b, generated->bias().data());
    generated->learning_rate() = learning_rate;
    generated->draw_seed = seed;
    generated->trust_state();
  }
  struct {
    Instance& net;
    int steps = 0;
    void step() {
      if (steps++ % steps_of_a_run == 0) net.run();
    }
  } runs{by_runs};
  check("generated", runs, [&] { return by_runs.sigma().data(); }, [&] { return couplings(by_runs); });
  check(
      "generated, single steps", by_steps, [&] { return by_steps.sigma().data(); },
      [&] { return couplings(by_steps); });
  candidate run = in_process("generated", kind::generated, [&] { by_runs.run(); });
  run.run = [of_runs = run.run](long steps) {
    const long count = (steps + steps_of_a_run - 1) / steps_of_a_run;
    return of_runs(count) * static_cast<double>(steps) / static_cast<double>(count * steps_of_a_run);
  };
  candidates.push_back(std::move(run));
  candidates.push_back(in_process("generated, single steps", kind::generated, [&] { by_steps.step(); }));
#ifdef __AVX512F__
  const auto panels = std::make_unique<hand_network<int{n}, false>>(b);
  const auto delayed = std::make_unique<hand_network<int{n}, true>>(b);
  check("hand", *panels, [&] { return panels->state(); }, [&] { return panels->couplings(); });
  check(
      "hand, change delayed", *delayed, [&] { return delayed->state(); },
      [&] { return delayed->couplings(); });
  candidates.push_back(in_process("hand", kind::hand, [&] { panels->step(); }));
  candidates.push_back(in_process("hand, change delayed", kind::hand, [&] { delayed->step(); }));
#endif
  // Sizes that Eigen knows are worth a quarter of its time at 25 and 64 units.
  eigen_network<(n <= 64 ? int{n} : Eigen::Dynamic)> eigen(b);
  check(
      "careful Eigen", eigen, [&] { return eigen.state(); },
      [&] { return eigen.J().transpose().reshaped().eval(); });
  candidates.push_back(in_process("careful Eigen", kind::peer, [&] { eigen.step(); }));
  plain<float, replayed> scalar_replayed(b);
  check(
      "scalar C++", scalar_replayed, [&] { return scalar_replayed.s.data(); },
      [&] { return scalar_replayed.J.data(); });
  plain<float, twister> scalar(b);
  candidates.push_back(in_process("scalar C++, mt19937", kind::peer, [&] { scalar.step(); }));
  if (!agree) return 1;

  numbers_file numbers;
  replayed uniform;
  std::vector<double> v(steps_of_a_run * n);
  std::ranges::generate(v, uniform);
  numbers.add(b).add(v).add(exact.s).add(exact.J);
  for (const char* real : {"float32", "float64"})
    for (auto& peer : in_python(fmt::format("NumPy {}", real),
                                {"/usr/bin/python3", BENCH_FOLDER "/peers/attractor_numpy.py", real,
                                 std::to_string(n), std::to_string(steps_of_a_run), numbers.path()}))
      candidates.push_back(std::move(peer));
  for (auto& peer :
       in_python("PyTorch float32", {"/usr/bin/python3", BENCH_FOLDER "/peers/attractor_torch.py",
                                     std::to_string(n), std::to_string(steps_of_a_run), numbers.path()}))
    candidates.push_back(std::move(peer));
  return race({fmt::format("attractor, {} units", n), 4.0 * n * n, false}, candidates, argc, argv);
}

}  // namespace

int main(int argc, char** argv) try {
  int failed = run<attractor_bench_25::instance, 25, true>(argc, argv);
  if (failed == 0) failed = run<attractor_bench_64::instance, 64, true>(argc, argv);
  if (failed == 0) failed = run<attractor_bench_784::instance, 784, false>(argc, argv);
  return failed;
} catch (const std::exception& e) {
  fmt::print(stderr, "attractor_bench: {}\n", e.what());
  return 1;
}

// One training call of a predictive-coding network (pcn_case.hpp): the generated kernel, careful Eigen and,
// on a machine with AVX-512, hand-written kernels. The candidates are first checked against Eigen in double,
// then run in turn (race.hpp), and NumPy and PyTorch beside them.

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <pcn_bench_kernels_views.hpp>
#include <string>
#include <vector>

#include "bench/bound.hpp"
#include "bench/hand/pcn_eigen.hpp"
#include "bench/pcn_case.hpp"
#include "bench/race.hpp"
#ifdef __AVX512F__
#include "bench/hand/pcn.hpp"
#endif

namespace {

using namespace freefall::bench::pcn;

FREEFALL_BENCH_BOUND(pcn_bench_kernels, train);

class generated_network {
 public:
  explicit generated_network(const parameters& p, std::size_t threads = 1)
      : train_(net_, pcn_bench_kernels::train_workspace_bytes +
                         (threads - 1) * pcn_bench_kernels::train_thread_bytes) {
    net_.use_threads(threads);
    std::ranges::copy(p.W[0], net_.W1().data());
    std::ranges::copy(p.W[1], net_.W2().data());
    std::ranges::copy(p.W[2], net_.W3().data());
    std::ranges::copy(p.b[0], net_.b1().data());
    std::ranges::copy(p.b[1], net_.b2().data());
    std::ranges::copy(p.b[2], net_.b3().data());
    net_.inference_rate() = inference_rate;
    net_.learning_rate() = learning_rate;
    net_.trust_state();
    train_.arrays = net_.raw();
  }

  // The sample is read where it lies, as by the other candidates.
  void train(const sample& s) {
    train_.arrays.image = s.image.data();
    train_.arrays.digit = s.digit.data();
    train_();
  }

  const float* weights(std::size_t l) {
    return l == 0 ? net_.W1().data() : l == 1 ? net_.W2().data() : net_.W3().data();
  }
  const float* bias(std::size_t l) {
    return l == 0 ? net_.b1().data() : l == 1 ? net_.b2().data() : net_.b3().data();
  }

 private:
  pcn_bench_kernels::instance net_;
  bound_pcn_bench_kernels train_;
};

// Distance of all parameters from those of Eigen in double, relative to how far training has moved the
// latter.
template <class Weight, class Bias>
double distance(const eigen_network<double>& exact, const parameters& start, const Weight& weight,
                const Bias& bias) {
  double off = 0, moved = 0;
  const auto add = [&](double expected, double found, double first) {
    off += (found - expected) * (found - expected);
    moved += (expected - first) * (expected - first);
  };
  for (std::size_t l = 0; l < 3; ++l)
    for (Eigen::Index i = 0; i < size[l + 1]; ++i) {
      const auto row = static_cast<std::size_t>(i);
      add(exact.b[l](i), bias(l, i), start.b[l][row]);
      for (Eigen::Index j = 0; j < size[l]; ++j)
        add(exact.W[l](i, j), weight(l, i, j),
            start.W[l][row * static_cast<std::size_t>(size[l]) + static_cast<std::size_t>(j)]);
    }
  return std::sqrt(off / moved);
}

// Float parameters of order 0.05 move by about 1e-3 in ten calls, so rounding them alone costs 1e-5 of the
// move.
constexpr double agreement = 1e-3;

void check(const std::string& name, double distance) {
  fmt::print("{:<22} differs from Eigen in double by {:.1e} of the change in training\n", name, distance);
  if (distance < agreement) return;
  fmt::print(stderr, "pcn_bench: {} computes something else: expected a difference below {}, found {}\n",
             name, agreement, distance);
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) try {
  const auto start = initial_parameters();
  const auto data = samples(12);

  eigen_network<double> exact(start);
  eigen_network<float> eigen(start);
  generated_network generated(start);
  constexpr int calls = 10;
  for (std::size_t n = 0; n < calls; ++n) {
    exact.train(data[n]);
    eigen.train(data[n]);
    generated.train(data[n]);
  }
  check("careful Eigen", distance(
                             exact, start, [&](std::size_t l, auto i, auto j) { return eigen.W[l](i, j); },
                             [&](std::size_t l, auto i) { return eigen.b[l](i); }));
  check("generated", distance(
                         exact, start,
                         [&](std::size_t l, auto i, auto j) { return generated.weights(l)[i * size[l] + j]; },
                         [&](std::size_t l, auto i) { return generated.bias(l)[i]; }));

  using freefall::bench::candidate, freefall::bench::kind;
  std::vector<candidate> candidates;
  std::size_t next = 0;
  const auto add = [&](const std::string& name, kind what, auto& network) {
    candidates.push_back(
        freefall::bench::in_process(name, what, [&] { network.train(data[next++ % data.size()]); }));
  };
  add("generated", kind::generated, generated);
  generated_network shared(start, 2);
  candidates.push_back(freefall::bench::on_threads("generated, 2 threads", kind::generated, 2,
                                                   [&] { shared.train(data[next++ % data.size()]); }));
#ifdef __AVX512F__
  hand_network<false> plain(start);
  hand_network<true> peeled(start);
  const auto add_hand = [&](const std::string& name, auto& network) {
    for (std::size_t n = 0; n < calls; ++n) network.train(data[n]);
    check(name, distance(
                    exact, start,
                    [&](std::size_t l, auto i, auto j) {
                      return network.W[l][static_cast<std::size_t>(i * size[l] + j)];
                    },
                    [&](std::size_t l, auto i) { return network.b[l][static_cast<std::size_t>(i)]; }));
    add(name, kind::hand, network);
  };
  add_hand("hand", plain);
  add_hand("hand, first step peeled", peeled);
#endif
  add("careful Eigen", kind::peer, eigen);
  freefall::bench::numbers_file numbers;
  const auto add_parameters = [&](const auto& W, const auto& b) {
    for (std::size_t l = 0; l < 3; ++l) numbers.add(W(l));
    for (std::size_t l = 0; l < 3; ++l) numbers.add(b(l));
  };
  add_parameters([&](std::size_t l) { return start.W[l]; }, [&](std::size_t l) { return start.b[l]; });
  for (const auto& s : data) numbers.add(s.image).add(s.digit);
  add_parameters([&](std::size_t l) { return exact.W[l].transpose().reshaped().eval(); },
                 [&](std::size_t l) { return exact.b[l]; });
  const auto add_peer = [&](const char* library, const std::string& file, const char* form) {
    for (auto& peer : freefall::bench::in_python(fmt::format("{}, {}", library, form),
                                                 {"/usr/bin/python3", file, form, numbers.path()}))
      candidates.push_back(std::move(peer));
  };
  for (const char* form : {"hoisted", "as written"})
    add_peer("NumPy", BENCH_FOLDER "/peers/pcn_numpy.py", form);
  for (const char* form : {"hoisted", "as written", "autograd"})
    add_peer("PyTorch", BENCH_FOLDER "/peers/pcn_torch.py", form);
  // Multiplications and additions of the products with the constant first prediction hoisted, none peeled.
  const auto product = [](int l) {
    return 2.0 * batch * size[static_cast<std::size_t>(l)] * size[static_cast<std::size_t>(l) + 1];
  };
  const double operations = 2 * product(0) + (2 * steps + 2) * (product(1) + product(2));
  return freefall::bench::race({"pcn", operations, false}, candidates, argc, argv);
} catch (const std::exception& e) {
  fmt::print(stderr, "pcn_bench: {}\n", e.what());
  return 1;
}

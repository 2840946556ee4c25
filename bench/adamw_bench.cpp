// One epoch of 60,000 images through a predictive-coding network (adamw_case.hpp): the generated kernel, a
// hand-written one, careful Eigen, NumPy, PyTorch. Timed batch by batch, 468.75 to the epoch.

#include <fmt/format.h>

#include <adamw_bench_kernels_views.hpp>
#include <algorithm>
#include <cstdlib>
#include <memory>

#include "bench/adamw_case.hpp"
#include "bench/bound.hpp"
#include "bench/hand/adamw_eigen.hpp"
#include "bench/race.hpp"
#ifdef __AVX512F__
#include "bench/hand/adamw.hpp"
#endif

namespace {

using namespace freefall::bench;
using namespace freefall::bench::adamw;

FREEFALL_BENCH_BOUND(adamw_bench_kernels, train);

class generated_network {
 public:
  explicit generated_network(const parameters& p, std::size_t threads = 1)
      : train_(net_, adamw_bench_kernels::train_workspace_bytes +
                         (threads - 1) * adamw_bench_kernels::train_thread_bytes) {
    net_.use_threads(threads);
    for (std::size_t l = 0; l < depth; ++l) {
      std::ranges::copy(p.W[l], weights(l));
      std::ranges::copy(p.b[l], bias(l));
    }
    net_.inference_rate() = inference_rate;
    net_.learning_rate() = learning_rate;
    net_.weight_decay() = weight_decay;
    net_.trust_state();
    train_.arrays = net_.raw();
  }
  // The batch is read where it lies, as by the other candidates.
  void train(const float* image, const float* digit) {
    train_.arrays.image = image;
    train_.arrays.digit = digit;
    train_();
  }
  float* weights(std::size_t l) {
    return std::array{net_.W1().data(), net_.W2().data(), net_.W3().data(), net_.W4().data()}[l];
  }
  float* bias(std::size_t l) {
    return std::array{net_.b1().data(), net_.b2().data(), net_.b3().data(), net_.b4().data()}[l];
  }

 private:
  adamw_bench_kernels::instance net_;
  bound_adamw_bench_kernels train_;
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
  for (std::size_t l = 0; l < depth; ++l)
    for (Eigen::Index i = 0; i < size[l + 1]; ++i) {
      const auto row = static_cast<std::size_t>(i);
      add(exact.b[l](i, 0), bias(l, i), start.b[l][row]);
      for (Eigen::Index j = 0; j < size[l]; ++j)
        add(exact.W[l](i, j), weight(l, i, j),
            start.W[l][row * static_cast<std::size_t>(size[l]) + static_cast<std::size_t>(j)]);
    }
  return std::sqrt(off / moved);
}

// Adam divides a gradient by its size, so where gradients nearly cancel rounding moves a parameter as far as
// any other; that is 1e-4 of the change in all.
constexpr double agreement = 1e-3;
constexpr std::size_t checked_calls = 10, batches_for_peers = 12;

}  // namespace

int main(int argc, char** argv) try {
  const parameters start;
  const training_set data(BENCH_FOLDER "/../data/mnist");
  if (data.random) fmt::print("data/mnist is not there (scripts/data mnist): numbers of that shape\n");

  eigen_network<double> exact(start);
  for (std::size_t n = 0; n < checked_calls; ++n) exact.train(data.images(n), data.digits(n));
  numbers_file numbers;
  const auto add_parameters = [&](const auto& W, const auto& b) {
    for (std::size_t l = 0; l < depth; ++l) numbers.add(W(l));
    for (std::size_t l = 0; l < depth; ++l) numbers.add(b(l));
  };
  add_parameters([&](std::size_t l) { return start.W[l]; }, [&](std::size_t l) { return start.b[l]; });
  for (std::size_t n = 0; n < batches_for_peers; ++n)
    numbers.add(std::span(data.images(n), static_cast<std::size_t>(batch * size[0])))
        .add(std::span(data.digits(n), static_cast<std::size_t>(batch * size[depth])));
  add_parameters([&](std::size_t l) { return exact.W[l].transpose().reshaped().eval(); },
                 [&](std::size_t l) { return exact.b[l].reshaped().eval(); });

  bool agree = true;
  std::vector<candidate> candidates;
  const auto add = [&](const char* name, kind what, auto& network, const auto& weight, const auto& bias) {
    for (std::size_t n = 0; n < checked_calls; ++n) network.train(data.images(n), data.digits(n));
    const double off = distance(exact, start, weight, bias);
    fmt::print("{:<22} differs from Eigen in double by {:.1e} of the change in training\n", name, off);
    if (!(off <= agreement)) {
      fmt::print(stderr, "adamw_bench: {} computes something else: expected at most {}\n", name, agreement);
      agree = false;
    }
    candidates.push_back(in_process(name, what, [&, n = std::size_t{0}]() mutable {
      network.train(data.images(n), data.digits(n));
      ++n;
    }));
  };
  generated_network generated(start);
  add(
      "generated", kind::generated, generated,
      [&](std::size_t l, auto i, auto j) { return generated.weights(l)[i * size[l] + j]; },
      [&](std::size_t l, auto i) { return generated.bias(l)[i]; });
  generated_network shared(start, 2);
  candidates.push_back(
      on_threads("generated, 2 threads", kind::generated, 2, [&, n = std::size_t{0}]() mutable {
        shared.train(data.images(n), data.digits(n));
        ++n;
      }));
#ifdef __AVX512F__
  hand_network hand(start);
  add(
      "hand", kind::hand, hand,
      [&](std::size_t l, auto i, auto j) { return hand.W[l].data()[i * size[l] + j]; },
      [&](std::size_t l, auto i) { return hand.b[l].data()[i]; });
#endif
  eigen_network<float> eigen(start);
  add(
      "careful Eigen", kind::peer, eigen, [&](std::size_t l, auto i, auto j) { return eigen.W[l](i, j); },
      [&](std::size_t l, auto i) { return eigen.b[l](i, 0); });
  if (!agree) return 1;
  for (const auto& [library, file] : {std::pair{"NumPy", BENCH_FOLDER "/peers/adamw_numpy.py"},
                                      {"PyTorch", BENCH_FOLDER "/peers/adamw_torch.py"}})
    for (auto& peer : in_python(fmt::format("{}, {} batches", library, batches_for_peers),
                                {"/usr/bin/python3", file, numbers.path()}))
      candidates.push_back(std::move(peer));

  // The products with the constant first prediction hoisted, none peeled.
  const auto product = [](std::size_t l) { return 2.0 * batch * size[l] * size[l + 1]; };
  double operations = 2 * product(0);
  for (std::size_t l = 1; l < depth; ++l) operations += (2 * steps + 2) * product(l);
  workload work{"adamw, epoch", operations};
  work.calls = static_cast<double>(rows) / batch;
  return race(work, candidates, argc, argv);
} catch (const std::exception& e) {
  fmt::print(stderr, "adamw_bench: {}\n", e.what());
  return 1;
}

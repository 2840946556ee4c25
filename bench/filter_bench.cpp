// One tick of a linear filter (filter_case.hpp) with 4 and 16 states, one copy at a time: the generated
// kernel, hand-written ones, Eigen of fixed size, NumPy, PyTorch.

#include <fmt/format.h>

#include <cstdlib>
#include <filter_bench_16_views.hpp>
#include <filter_bench_4_views.hpp>
#include <filter_written_16_views.hpp>
#include <filter_written_4_views.hpp>
#include <span>

#include "bench/bound.hpp"
#include "bench/filter_case.hpp"
#include "bench/hand/filter.hpp"
#include "bench/race.hpp"

namespace {

using namespace freefall::bench;

FREEFALL_BENCH_BOUND(filter_bench_4, tick);
FREEFALL_BENCH_BOUND(filter_bench_16, tick);
FREEFALL_BENCH_BOUND(filter_written_4, tick);
FREEFALL_BENCH_BOUND(filter_written_16, tick);

template <class Bound, int n>
class generated {
 public:
  explicit generated(const filter::setting<n>& s) {
    std::copy_n(s.A.data(), s.A.size(), net_.A().data());
    std::copy_n(s.C.data(), s.C.size(), net_.C().data());
    std::copy_n(s.Px.data(), s.Px.size(), net_.Px().data());
    std::copy_n(s.Py.data(), s.Py.size(), net_.Py().data());
    net_.step() = filter::rate;
    net_.prepare();
    net_.trust_state();
    tick_.arrays = net_.raw();
  }
  void tick(const double* y) {
    tick_.arrays.y = y;
    tick_();
  }
  const double* state() { return net_.x().data(); }

 private:
  typename Bound::instance net_;
  Bound tick_{net_};
};

template <int n>
class eigen {
  using matrix = Eigen::Matrix<double, n, n>;
  using vector = Eigen::Matrix<double, n, 1>;

 public:
  explicit eigen(const filter::setting<n>& s) : A_(s.A), C_(s.C), Px_(s.Px), Py_(s.Py) {}
  [[gnu::noinline]] void tick(const double* observed) {
    const vector y = Eigen::Map<const vector>(observed), predicted = A_ * x_;
    x_ = predicted;
    for (int t = 0; t < filter::steps; ++t) {
      const vector sense = y - C_ * x_, prior = x_ - predicted;
      x_ += filter::rate * (C_.transpose() * (Py_ * sense) - Px_ * prior);
    }
  }
  const double* state() const { return x_.data(); }

 private:
  matrix A_, C_, Px_, Py_;
  vector x_ = vector::Zero();
};

template <class Folded, class Written, int n>
int run(int argc, char** argv) {
  const filter::setting<n> s;
  eigen<n> fixed(s);
  generated<Folded, n> folded_kernel(s);
  generated<Written, n> written_kernel(s);
  filter::as_written<n> written(s);
  filter::folded<n> folded(s);
  std::vector<candidate> candidates;
  std::vector<double> exact(static_cast<std::size_t>(n));
  bool agree = true;
  const auto add = [&](const char* name, kind what, auto& filter, const auto& state) {
    for (int t = 0; t < filter::observations; ++t) filter.tick(s.y.data() + t * n);
    double off = 0, size = 0;
    for (std::size_t i = 0; i < exact.size(); ++i) {
      if (candidates.empty()) exact[i] = state()[i];
      off = std::max(off, std::abs(state()[i] - exact[i]));
      size = std::max(size, std::abs(exact[i]));
    }
    if (!(off <= 1e-12 * size)) {
      fmt::print(stderr,
                 "filter_bench: {} computes something else: differs by {:.1e}, expected at most 1e-12\n",
                 name, off / size);
      agree = false;
    }
    candidates.push_back(in_process(name, what, [&, t = 0]() mutable {
      filter.tick(s.y.data() + t * n);
      t = (t + 1) % filter::observations;
    }));
  };
  add("Eigen, fixed size", kind::peer, fixed, [&] { return fixed.state(); });
  add("generated, as written", kind::generated, written_kernel, [&] { return written_kernel.state(); });
  add("generated, folded", kind::generated, folded_kernel, [&] { return folded_kernel.state(); });
  add("hand, as written", kind::hand, written, [&] { return written.x; });
  add("hand, folded", kind::peer, folded, [&] { return folded.x; });
  if (!agree) return 1;
  numbers_file numbers;
  const auto elements = [](const auto& m) { return std::span(m.data(), static_cast<std::size_t>(m.size())); };
  for (const auto* m : {&s.A, &s.C, &s.Px, &s.Py}) numbers.add(elements(*m));
  numbers.add(elements(s.y)).add(exact);
  const auto add_peer = [&](const char* name, std::vector<std::string> command) {
    command.insert(command.begin(), "/usr/bin/python3");
    command.insert(command.end(), {std::to_string(n), numbers.path()});
    for (auto& peer : in_python(name, command)) candidates.push_back(std::move(peer));
  };
  add_peer("NumPy", {BENCH_FOLDER "/peers/filter_numpy.py"});
  add_peer("PyTorch, manual", {BENCH_FOLDER "/peers/filter_torch.py", "manual"});
  add_peer("PyTorch, autograd", {BENCH_FOLDER "/peers/filter_torch.py", "autograd"});
  return race({fmt::format("filter, {} states", n), 2.0 * n * n * (1 + 4 * filter::steps), true}, candidates,
              argc, argv);
}

}  // namespace

int main(int argc, char** argv) try {
  const int four = run<bound_filter_bench_4, bound_filter_written_4, 4>(argc, argv);
  return four != 0 ? four : run<bound_filter_bench_16, bound_filter_written_16, 16>(argc, argv);
} catch (const std::exception& e) {
  fmt::print(stderr, "filter_bench: {}\n", e.what());
  return 1;
}

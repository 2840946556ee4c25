// Single products, [batch, in] by [in, out], all of whose weights stay in the second cache: a generated
// kernel of one linear layer, the product of the runtime that such kernels call, a hand-written one, and the
// libraries that are installed. Prints GFLOP/s; each candidate has operands in the layout it likes best.

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <freefall/runtime/buffer.hpp>
#include <freefall/runtime/random.hpp>
#include <freefall/runtime/tiled_product.hpp>
#include <span>

#include "bench/race.hpp"
#include "layer_bench_sizes.hpp"  // the kernels of all sizes, and for_each_size(visit)
#ifdef __AVX512F__
#include "bench/hand/avx512.hpp"
#endif
#ifdef BENCH_DNNL
#include <dnnl.h>
#include <omp.h>
#endif
#ifdef BENCH_XSMM
#include <libxsmm.h>
#endif

namespace {

using namespace freefall::bench;
using freefall::runtime::aligned_buffer;
using matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Sums of up to 784 products of order one.
constexpr float agreement = 1e-4F;

struct failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <class Instance, std::size_t in, std::size_t out, std::size_t batch>
std::vector<result> run(int rounds) {
  constexpr std::size_t slice = std::min<std::size_t>(batch, 32);  // samples in the lanes
  matrix x(batch, in), W(out, in);
  freefall::runtime::stream(1, "x").fill_normal<float>(std::span(x.data(), batch * in));
  freefall::runtime::stream(1, "W").fill_normal<float>(std::span(W.data(), out * in));
  const matrix W_by_inputs = W.transpose();
  const matrix expected = (x.cast<double>() * W.transpose().cast<double>()).cast<float>();
  aligned_buffer<float> x_lanes(in * batch + 64), y_lanes(out * batch + 64);  // [slice][unit][sample]
  for (std::size_t b = 0; b < batch; ++b)
    for (std::size_t k = 0; k < in; ++k)
      x_lanes.data()[(b / slice * in + k) * slice + b % slice] =
          x(static_cast<Eigen::Index>(b), static_cast<Eigen::Index>(k));

  std::vector<candidate> candidates;
  matrix y(batch, out);
  const auto add = [&](const char* name, kind what, std::function<void()> call, const auto& element) {
    call();
    float off = 0;
    for (std::size_t b = 0; b < batch; ++b)
      for (std::size_t i = 0; i < out; ++i)
        off = std::max(off, std::abs(element(b, i) -
                                     expected(static_cast<Eigen::Index>(b), static_cast<Eigen::Index>(i))));
    if (!(off <= agreement * std::sqrt(static_cast<float>(in))))
      throw failure(fmt::format("{} of {}x{}, batch {}, computes something else: differs by {:.1e}", name, in,
                                out, batch, off));
    candidates.push_back(in_process(name, what, std::move(call)));
  };
  const auto plain = [&](std::size_t b, std::size_t i) { return y.data()[b * out + i]; };
  const auto by_lanes = [&](std::size_t b, std::size_t i) {
    return y_lanes.data()[(b / slice * out + i) * slice + b % slice];
  };

  Instance net;
  std::copy_n(x.data(), batch * in, net.x().data());
  std::copy_n(W.data(), out * in, net.W().data());
  add(
      "generated", kind::generated, [&] { net.layer(); },
      [&](std::size_t b, std::size_t i) { return net.y().data()[b * out + i]; });
  add(
      "runtime product", kind::peer,
      [&] {
        for (std::size_t first = 0; first < batch; first += slice) {
          float* const to = y_lanes.data() + first * out;
          freefall::runtime::tiled_product<float, out, slice, static_cast<std::ptrdiff_t>(in), 1,
                                           static_cast<std::ptrdiff_t>(slice)>(
              in, W.data(), x_lanes.data() + first * in,
              [&](std::size_t i, std::size_t j, const float* sums, auto count) {
                for (std::size_t n = 0; n < count; ++n) to[i * slice + j + n] = sums[n];
              });
        }
      },
      by_lanes);
#ifdef __AVX512F__
  add(
      "hand", kind::hand,
      [&] {
        constexpr int vectors = static_cast<int>(slice) / avx512::lanes;
        for (std::size_t first = 0; first < batch; first += slice) {
          float* const to = y_lanes.data() + first * out;
          avx512::product_then<vectors, false>(
              static_cast<int>(out), static_cast<int>(in), W.data(), static_cast<std::ptrdiff_t>(in),
              x_lanes.data() + first * in, static_cast<std::ptrdiff_t>(slice), [&](int i, int j, __m512 sum) {
                _mm512_store_ps(to + i * static_cast<int>(slice) + j * avx512::lanes, sum);
              });
        }
      },
      by_lanes);
#endif
#ifdef BENCH_XSMM
  // Its matrices are by columns: y' [out, batch] = W [out, in] x' [in, batch].
  const auto product = libxsmm_smmdispatch(
      static_cast<int>(out), static_cast<int>(batch), static_cast<int>(in), nullptr, nullptr, nullptr,
      std::array{1.0F}.data(), std::array{0.0F}.data(), nullptr, nullptr);
  if (product != nullptr)
    add("libxsmm", kind::peer, [&, product] { product(W_by_inputs.data(), x.data(), y.data()); }, plain);
#endif
#ifdef BENCH_DNNL
  add(
      "oneDNN sgemm", kind::peer,
      [&] {
        dnnl_sgemm('N', 'N', batch, out, in, 1, x.data(), in, W_by_inputs.data(), out, 0, y.data(), out);
      },
      plain);
#endif
  add("Eigen", kind::peer, [&] { y.noalias() = x * W_by_inputs; }, plain);
  return measure({fmt::format("layer {}x{}, batch {}", in, out, batch), 2.0 * batch * in * out}, candidates,
                 rounds);
}

}  // namespace

int main(int argc, char** argv) try {
  const options given = read_options("layer", argc, argv);
#ifdef BENCH_DNNL
  omp_set_num_threads(1);
#else
  fmt::print("oneDNN is not there (libdnnl-dev)\n");
#endif
#ifndef BENCH_XSMM
  fmt::print("libxsmm is not there (libxsmm-dev)\n");
#endif
  bool first = true;
  for_each_size([&]<class Instance, std::size_t in, std::size_t out, std::size_t batch>(
                    size_of<Instance, in, out, batch>) {
    const auto results = run<Instance, in, out, batch>(given.rounds);
    const double operations = 2.0 * in * out * batch;
    if (first) {
      fmt::print("GFLOP/s (share of the FMA limit)\n{:<14}{:>6}", "in x out", "batch");
      for (const result& r : results)
        if (r.variant != fma_limit) fmt::print("{:>18}", r.variant);
      fmt::print("\n");
    }
    first = false;
    fmt::print("{:<14}{:>6}", fmt::format("{}x{}", in, out), batch);
    for (const result& r : results)
      if (r.variant != fma_limit)
        fmt::print("{:>18}",
                   fmt::format("{:.1f} ({:.0f} %)", operations / r.median_ns, 100 * *r.share_of_limit));
    fmt::print("\n");
    append_json(given, fmt::format("layer {}x{}, batch {}", in, out, batch), results);
  });
  return 0;
} catch (const std::exception& e) {
  fmt::print(stderr, "layer_bench: {}\n", e.what());
  return 1;
}

// Single products, [batch, in] by [in, out]: generated kernels of one linear layer, a product of the runtime
// over operands that stand ready in its lanes, a hand-written one, and the libraries that are installed. The
// weights of all layers but 784x1000 stay in the second cache. Prints GFLOP/s. The libraries get the weights
// by columns, [in, out], and check nothing; of the generated kernels one has them by rows, one by columns,
// and one by columns and need not check what it reads.

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <freefall/runtime/buffer.hpp>
#include <freefall/runtime/error.hpp>
#include <freefall/runtime/gemm.hpp>
#include <freefall/runtime/random.hpp>
#include <freefall/runtime/tiled_product.hpp>
#include <memory>
#include <span>
#include <type_traits>

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
template <class T>
using matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr const char* columns[] = {"by rows", "by columns", "trusted",      "runtime product",
                                   "hand",    "libxsmm",    "oneDNN sgemm", "Eigen"};

// Sums of up to 784 products of order one.
template <class T>
constexpr T agreement = std::is_same_v<T, float> ? T(1e-4) : T(1e-13);

struct failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Samples in the lanes at a time: as many as the generator takes.
template <class T>
constexpr std::size_t slice_of(std::size_t batch) {
  return std::min<std::size_t>(batch, 128 / sizeof(T));
}

template <class T>
struct operands {
  std::size_t in, out, batch, slice = slice_of<T>(batch);
  matrix<T> x{batch, in}, W{out, in}, W_by_inputs, y{batch, out};
  aligned_buffer<T> x_lanes{in * batch + 64}, y_lanes{out * batch + 64};  // [slice][unit][sample]

  operands(std::size_t of_in, std::size_t of_out, std::size_t of_batch)
      : in(of_in), out(of_out), batch(of_batch) {
    freefall::runtime::stream(1, "x").fill_normal<T>(std::span(x.data(), batch * in));
    freefall::runtime::stream(1, "W").fill_normal<T>(std::span(W.data(), out * in));
    W_by_inputs = W.transpose();
    for (std::size_t b = 0; b < batch; ++b)
      for (std::size_t k = 0; k < in; ++k) x_lanes.data()[at_lane(b, k, in)] = x.data()[b * in + k];
  }
  std::size_t at_lane(std::size_t b, std::size_t unit, std::size_t units) const {
    return (b / slice * units + unit) * slice + b % slice;
  }
};

#ifdef __AVX512F__
template <class T>
void by_hand(operands<T>& o) {
  const auto depth = static_cast<int>(o.in), width = static_cast<int>(o.slice);
  for (std::size_t first = 0; first < o.batch; first += o.slice) {
    T* const to = o.y_lanes.data() + first * o.out;
    const auto product = [&]<int vectors>(std::integral_constant<int, vectors>) {
      avx512::product_then<vectors, false>(
          static_cast<int>(o.out), depth, o.W.data(), depth, o.x_lanes.data() + first * o.in, width,
          [&](int i, int j, auto sum) { avx512::store(to + i * width + j * avx512::lanes_of<T>, sum); });
    };
    if (width == 2 * avx512::lanes_of<T>)
      product(std::integral_constant<int, 2>{});
    else
      product(std::integral_constant<int, 1>{});
  }
}
#endif

// A kernel that fills `y`.
struct generated_kernel {
  const char* variant;
  std::function<void()> call;
};

// Checks and times all candidates of one size. The generated ones fill `y`, `product` either y_lanes or, a
// sample after the other, o.y.
template <class T>
std::vector<result> compare(operands<T>& o, const std::vector<generated_kernel>& generated, std::vector<T>& y,
                            const std::function<void()>& product, const std::string& name, int rounds) {
  const auto [in, out, batch] = std::tuple(o.in, o.out, o.batch);
  const matrix<T> expected =
      (o.x.template cast<double>() * o.W.transpose().template cast<double>()).template cast<T>();
  std::vector<candidate> candidates;
  const auto add = [&](const char* variant, kind what, std::function<void()> call, const auto& element) {
    call();
    T off = 0;
    for (std::size_t b = 0; b < batch; ++b)
      for (std::size_t i = 0; i < out; ++i)
        off = std::max(off, std::abs(element(b, i) - expected.data()[b * out + i]));
    if (!(off <= agreement<T> * std::sqrt(static_cast<T>(in))))
      throw failure(fmt::format("{} of {} computes something else: differs by {:.1e}", variant, name, off));
    candidates.push_back(in_process(variant, what, std::move(call)));
  };
  const auto plain = [&](std::size_t b, std::size_t i) { return o.y.data()[b * out + i]; };
  const auto by_lanes = [&](std::size_t b, std::size_t i) { return o.y_lanes.data()[o.at_lane(b, i, out)]; };

  for (const generated_kernel& g : generated) {
    std::fill(y.begin(), y.end(), T(0));
    add(g.variant, kind::generated, g.call, [&](std::size_t b, std::size_t i) { return y[b * out + i]; });
  }
  if (batch == 1)
    add("runtime product", kind::peer, product, plain);
  else
    add("runtime product", kind::peer, product, by_lanes);
#ifdef __AVX512F__
  if (batch > 1) add("hand", kind::hand, [&] { by_hand(o); }, by_lanes);
#endif
  o.y.setZero();
#ifdef BENCH_XSMM
  // Its matrices are by columns: y' [out, batch] = W [out, in] x' [in, batch].
  const auto dispatch = [](auto... sizes) {
    const T one = 1, zero = 0;
    if constexpr (std::is_same_v<T, float>)
      return libxsmm_smmdispatch(sizes..., nullptr, nullptr, nullptr, &one, &zero, nullptr, nullptr);
    else
      return libxsmm_dmmdispatch(sizes..., nullptr, nullptr, nullptr, &one, &zero, nullptr, nullptr);
  };
  if (const auto made = dispatch(static_cast<int>(out), static_cast<int>(batch), static_cast<int>(in)))
    add("libxsmm", kind::peer, [&, made] { made(o.W_by_inputs.data(), o.x.data(), o.y.data()); }, plain);
#endif
  o.y.setZero();
#ifdef BENCH_DNNL
  if constexpr (std::is_same_v<T, float>)
    add(
        "oneDNN sgemm", kind::peer,
        [&] {
          dnnl_sgemm('N', 'N', batch, out, in, 1, o.x.data(), in, o.W_by_inputs.data(), out, 0, o.y.data(),
                     out);
        },
        plain);
#endif
  o.y.setZero();
  add("Eigen", kind::peer, [&] { o.y.noalias() = o.x * o.W_by_inputs; }, plain);
  return measure({name, 2.0 * batch * in * out, std::is_same_v<T, double>}, candidates, rounds);
}

// A kernel over these weights, with a workspace of its own.
template <class Kernels, class T>
generated_kernel kernel_of(const char* variant, operands<T>& o, const matrix<T>& weights, std::vector<T>& y) {
  typename Kernels::arrays arrays;
  arrays.x = o.x.data();
  arrays.W = const_cast<T*>(weights.data());  // kernels have one type for what they read and what they write
  arrays.y = y.data();
  const auto memory = std::make_shared<freefall::runtime::workspace>(Kernels::workspace_bytes);
  return {variant, [arrays, memory] {
            freefall::runtime::require(Kernels::layer(arrays, memory->data()), Kernels::tensors);
          }};
}

template <class Rows, class Columns, class Trusted, class T, std::size_t in, std::size_t out,
          std::size_t batch>
std::vector<result> run(const std::string& name, int rounds) {
  operands<T> o(in, out, batch);
  std::vector<T> y(batch * out);
  const std::vector<generated_kernel> generated = {kernel_of<Rows>("by rows", o, o.W, y),
                                                   kernel_of<Columns>("by columns", o, o.W_by_inputs, y),
                                                   kernel_of<Trusted>("trusted", o, o.W_by_inputs, y)};
  constexpr std::size_t slice = slice_of<T>(batch);
  aligned_buffer<T> scratch(freefall::runtime::gemm_scratch_elements(batch, out, in));
  const auto product = [&] {
    if constexpr (batch == 1) {
      freefall::runtime::gemm<T>(1, out, in, 1, o.x.data(), in, 1, o.W.data(), 1, in, 0, o.y.data(), out, 1,
                                 scratch.data());
    } else {
      for (std::size_t first = 0; first < batch; first += slice) {
        T* const to = o.y_lanes.data() + first * out;
        freefall::runtime::tiled_product<T, out, slice, std::ptrdiff_t{in}, 1, std::ptrdiff_t{slice},
                                         (in <= 32)>(
            in, o.W.data(), o.x_lanes.data() + first * in,
            freefall::runtime::stored_rows<T, std::ptrdiff_t{slice}>{to});
      }
    }
  };
  return compare<T>(o, generated, y, product, name, rounds);
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
  fmt::print("GFLOP/s (share of the FMA limit)\n{:<8}{:<12}{:>6}", "", "in x out", "batch");
  for (const char* column : columns) fmt::print("{:>17}", column);
  fmt::print("\n");
  for_each_size([&]<class Rows, class Columns, class Trusted, class T, std::size_t in, std::size_t out,
                    std::size_t batch>(size_of<Rows, Columns, Trusted, T, in, out, batch>) {
    const char* const type = std::is_same_v<T, float> ? "float" : "double";
    const std::string name = fmt::format("layer {}x{}, batch {}, {}", in, out, batch, type);
    const auto results = run<Rows, Columns, Trusted, T, in, out, batch>(name, given.rounds);
    fmt::print("{:<8}{:<12}{:>6}", type, fmt::format("{}x{}", in, out), batch);
    for (const std::string column : columns) {
      const auto found = std::ranges::find(results, column, &result::variant);
      fmt::print("{:>17}", found == results.end()
                               ? ""
                               : fmt::format("{:.1f} ({:.0f} %)", 2.0 * in * out * batch / found->median_ns,
                                             100 * *found->share_of_limit));
    }
    fmt::print("\n");
    append_json(given, name, results);
  });
  return 0;
} catch (const std::exception& e) {
  fmt::print(stderr, "layer_bench: {}\n", e.what());
  return 1;
}

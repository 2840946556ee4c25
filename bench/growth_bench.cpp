// How the time of one training call of a predictive-coding network grows with its width, depth, batch and
// number of inference steps: all layers of one width, from 128 units, 2 hidden layers, batch 64 and 20 steps
// one of the four changes. The slope is that of the time in a doubly logarithmic plot, beside that of the
// operations.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <freefall/runtime/random.hpp>
#include <span>
#include <string_view>

#include "bench/race.hpp"
#include "growth_bench_sizes.hpp"  // the kernels of all sizes, and for_each_size(visit)

namespace {

using namespace freefall::bench;

struct point {
  double value, time, operations;
};

// By least squares.
double slope(const std::vector<point>& points, double point::* of) {
  double x = 0, y = 0, xx = 0, xy = 0;
  const auto n = static_cast<double>(points.size());
  for (const point& p : points) {
    const double u = std::log(p.value), v = std::log(p.*of);
    x += u, y += v, xx += u * u, xy += u * v;
  }
  return (n * xy - x * y) / (n * xx - x * x);
}

// One call, from numbers of order one.
template <class Instance>
std::function<void()> training(Instance& net, std::span<const freefall::runtime::tensor_info> tensors) {
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    const std::span<float> elements = net.elements(t);
    const double fan_in = tensors[t].rank == 2 ? static_cast<double>(tensors[t].extents[1]) : 1;
    freefall::runtime::stream(1, tensors[t].name).fill_normal<float>(elements);
    for (float& e : elements) e /= static_cast<float>(std::sqrt(fan_in));
  }
  net.inference_rate() = 0.05F;
  net.learning_rate() = 0;  // the same work in each call
  return [&net] { net.train(); };
}

}  // namespace

int main(int argc, char** argv) try {
  const options given = read_options("growth", argc, argv);
  std::string_view series;
  std::vector<point> points;
  const auto finish = [&] {
    if (points.size() > 1)
      fmt::print("{:<10} slope {:.2f}, of the operations {:.2f}\n", series, slope(points, &point::time),
                 slope(points, &point::operations));
    points.clear();
  };
  fmt::print("{:<10}{:>8}{:>14}{:>12}{:>20}{:>10}\n", "grows", "to", "median", "GFLOP/s",
             "share of FMA limit", "slope");
  for_each_size([&]<class Instance>(of<Instance> size) {
    if (series != size.series) finish();
    series = size.series;
    // Products: the first prediction and its gradient once, the others for each step and twice more.
    const double product = 2.0 * size.width * size.width * size.batch;
    const double operations = product * (2 + size.hidden * (2.0 * size.steps + 2));
    Instance net;
    const std::string name = fmt::format("growth, {} {}", size.series, size.value);
    const auto results =
        measure({name, operations}, {in_process("generated", kind::generated, training(net, size.tensors()))},
                given.rounds);
    const double time = results.front().median_ns;
    std::string local;
    if (!points.empty())
      local = fmt::format("{:.2f}",
                          std::log(time / points.back().time) / std::log(size.value / points.back().value));
    points.push_back({static_cast<double>(size.value), time, operations});
    fmt::print("{:<10}{:>8}{:>11.1f} us{:>12.1f}{:>18.1f} %{:>10}\n", size.series, size.value, 1e-3 * time,
               operations / time, 100 * *results.front().share_of_limit, local);
    append_json(given, name, results);
  });
  finish();
  return 0;
} catch (const std::exception& e) {
  fmt::print(stderr, "growth_bench: {}\n", e.what());
  return 1;
}

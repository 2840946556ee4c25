#pragma once
// What `freefall bench` compiles together with the kernels of a model.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <exception>
#include <freefall/runtime/initialise.hpp>
#include <freefall/runtime/random.hpp>
#include <freefall/runtime/tensor_info.hpp>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace freefall::bench {

/// Numbers that keep most models finite: small normal ones; 0.05 for inputs (rates, precisions), the identity
/// for square matrices among them.
template <class Model>
void fill(Model& model, std::span<const runtime::tensor_info> tensors) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const runtime::tensor_info& t = tensors[i];
    const auto elements = model.elements(i);
    if (t.role == runtime::tensor_role::parameter || t.role == runtime::tensor_role::variable) {
      const double fan = t.rank > 1 ? static_cast<double>(t.extents[t.rank - 1]) : 4;
      runtime::initialise::normal(elements, 1 / std::sqrt(fan), runtime::stream(0, t.name));
    } else if (t.role == runtime::tensor_role::input) {
      const bool square = t.rank == 2 && t.extents[0] == t.extents[1] && t.extents[0] > 1;
      for (std::size_t k = 0; k < elements.size(); ++k)
        elements[k] = square && k % (t.extents[0] + 1) == 0 ? 1
                      : square                              ? 0
                               : static_cast<std::decay_t<decltype(elements[k])>>(0.05);
    }
  }
}

inline std::string in_seconds(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6e", value);
  return text;
}

struct Kernel {
  const char* name;
  double operations, bytes;
  std::function<void()> call;
};

/// The fastest of several rounds, each long enough for the clock. Prints a table, or JSON. A kernel that
/// refuses the numbers has no time: it returned before its work.
inline int time_kernels(const std::vector<Kernel>& kernels, const char* title, bool json) {
  using clock = std::chrono::steady_clock;
  if (json) {
    std::printf("[");
  } else {
    std::printf("%s\n\n%-24s %14s %12s %12s\n", title, "kernel", "us per call", "Gop/s", "GB/s");
  }
  const char* separator = "\n";
  for (const Kernel& k : kernels) {
    std::string refused;
    const auto round = [&](std::size_t calls) {
      const auto start = clock::now();
      for (std::size_t c = 0; c < calls; ++c) {
        try {
          k.call();
        } catch (const std::exception& e) {
          refused = e.what();
        }
      }
      return std::chrono::duration<double>(clock::now() - start).count();
    };
    std::size_t calls = 1;
    double seconds = round(1);
    while (seconds < 0.02 && refused.empty()) {
      calls *= 2;
      seconds = round(calls);
    }
    double best = seconds / static_cast<double>(calls);
    for (int repeat = 0; repeat < 9 && refused.empty(); ++repeat)
      best = std::min(best, round(calls) / static_cast<double>(calls));
    if (json) {
      std::printf(
          "%s  {\"kernel\": \"%s\", \"seconds\": %s, \"operations\": %.6e, \"bytes_moved\": %.6e, "
          "\"finite\": %s}",
          separator, k.name, refused.empty() ? in_seconds(best).c_str() : "null", k.operations, k.bytes,
          refused.empty() ? "true" : "false");
      separator = ",\n";
    } else if (refused.empty()) {
      std::printf("%-24s %14.3f %12.2f %12.2f\n", k.name, best * 1e6, k.operations / best * 1e-9,
                  k.bytes / best * 1e-9);
    } else {
      std::printf("%-24s %14s  %s\n", k.name, "-", refused.c_str());
    }
    std::fflush(stdout);
  }
  if (json) std::printf("\n]\n");
  return 0;
}

}  // namespace freefall::bench

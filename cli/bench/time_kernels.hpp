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

/// What the specification says of an array and its table does not.
struct Declared {
  std::string_view name;
  enum class Kind { zero_diagonal, one_of, index } kind;
};

/// What random numbers are taken where nothing else is known: around zero, or between zero and one for models
/// that take logarithms, roots or probabilities.
enum class Numbers { around_zero, below_one };

/// Numbers that a kernel admits: symmetric positive definite matrices where the last two axes are over one
/// (their diagonal zero where that is declared), small random ones for other parameters and variables, 0.05
/// for inputs (rates, precisions), zero for the arrays of optimisers.
template <class Model>
void fill(Model& model, std::span<const runtime::tensor_info> tensors, std::span<const Declared> declared,
          Numbers numbers) {
  using Role = runtime::tensor_role;
  using Scalar = typename decltype(model.elements(0))::value_type;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const runtime::tensor_info& t = tensors[i];
    const std::span<Scalar> elements = model.elements(i);
    const auto is = [&](Declared::Kind kind) {
      return std::any_of(declared.begin(), declared.end(),
                         [&](const Declared& d) { return d.name == t.name && d.kind == kind; });
    };
    const std::size_t last = t.rank > 0 ? t.extents[t.rank - 1] : 1;
    const double scale = 1 / std::sqrt(t.rank > 1 ? static_cast<double>(last) : 4);
    if (t.role == Role::parameter || t.role == Role::constant || t.role == Role::variable) {
      runtime::initialise::normal(elements, scale, runtime::stream(0, t.name));
    } else {
      std::fill(elements.begin(), elements.end(), static_cast<Scalar>(t.role == Role::input ? 0.05 : 0));
    }
    if (numbers == Numbers::below_one && t.role != Role::optimiser_state) {
      runtime::stream(0, t.name).fill_uniform(elements);
      for (Scalar& e : elements) e = (t.rank == 0 ? Scalar(0.05) : Scalar(0.5)) * (e + Scalar(0.5));
    }
    if (is(Declared::Kind::index)) std::fill(elements.begin(), elements.end(), Scalar(0));
    if (is(Declared::Kind::one_of)) {
      for (std::size_t k = 0; k < elements.size(); ++k) elements[k] = k % last == 0 ? Scalar(1) : Scalar(0);
    }
    const bool square = t.rank >= 2 && std::string_view(t.axes[t.rank - 2]) == t.axes[t.rank - 1];
    for (std::size_t at = 0; square && at < elements.size(); at += last * last) {
      const std::span<Scalar> m = elements.subspan(at, last * last);
      for (std::size_t r = 0; r < last; ++r) {
        for (std::size_t c = 0; c < r; ++c)  // so small that the diagonal dominates
          m[c * last + r] = m[r * last + c] *= static_cast<Scalar>(scale / 4);
        m[r * last + r] = is(Declared::Kind::zero_diagonal) ? Scalar(0) : Scalar(1);
      }
    }
  }
}

/// The same, and what a library with constants computes from them.
template <class Model>
void fill_and_prepare(Model& model, std::span<const runtime::tensor_info> tensors,
                      std::span<const Declared> declared, Numbers numbers) {
  fill(model, tensors, declared, numbers);
  if constexpr (requires { model.prepare(); }) model.prepare();
}

inline std::string in_seconds(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6e", value);
  return text;
}

struct Kernel {
  const char* name;
  double operations, bytes;  ///< of a kernel that goes on until it is settled: at most
  std::function<void()> call;
};

/// A number of calls, from the same arrays on.
struct Round {
  double seconds = 0;
  std::string refused;
};
inline Round round(const Kernel& kernel, std::size_t calls, const std::function<void()>& prepare) {
  using clock = std::chrono::steady_clock;
  Round out;
  try {
    prepare();
    const auto start = clock::now();
    for (std::size_t call = 0; call < calls; ++call) kernel.call();
    out.seconds = std::chrono::duration<double>(clock::now() - start).count();
  } catch (const std::exception& e) {
    out.refused = e.what();
  }
  return out;
}

struct Time {
  double seconds = 0;  ///< of one call: the fastest of several rounds, each long enough for the clock
  std::string refused;
};
/// A kernel that refuses the numbers at once has no time: it returned before its work. One that goes on until
/// it diverges, as a descent on numbers that mean nothing may, has rounds that are so short that it does not.
inline Time time(const Kernel& kernel, const std::function<void()>& prepare) {
  std::size_t calls = 1;
  Round r = round(kernel, calls, prepare);
  if (!r.refused.empty()) return {0, r.refused};
  while (r.seconds < 0.02) {
    const Round longer = round(kernel, 2 * calls, prepare);
    if (!longer.refused.empty()) break;
    calls *= 2;
    r = longer;
  }
  double best = r.seconds;
  for (int repeat = 0; repeat < 9; ++repeat) {
    r = round(kernel, calls, prepare);
    if (r.refused.empty()) best = std::min(best, r.seconds);  // draws differ from round to round
  }
  return {best / static_cast<double>(calls), ""};
}

/// Prints a table, or JSON. `fill` sets the arrays.
inline int time_kernels(const std::vector<Kernel>& kernels, const std::function<void(Numbers)>& fill,
                        const char* title, bool json) {
  if (json) {
    std::printf("[");
  } else {
    std::printf("%s\n\n%-24s %14s %12s %12s\n", title, "kernel", "us per call", "Gop/s", "GB/s");
  }
  const char* separator = "\n";
  for (const Kernel& k : kernels) {
    Time t = time(k, [&] { fill(Numbers::around_zero); });
    if (!t.refused.empty()) {
      const Time other = time(k, [&] { fill(Numbers::below_one); });
      if (other.refused.empty()) t = other;
    }
    const bool found = t.refused.empty();
    if (json) {
      std::printf(
          "%s  {\"kernel\": \"%s\", \"seconds\": %s, \"operations\": %.6e, \"bytes_moved\": %.6e, "
          "\"finite\": %s}",
          separator, k.name, found ? in_seconds(t.seconds).c_str() : "null", k.operations, k.bytes,
          found ? "true" : "false");
      separator = ",\n";
    } else if (found) {
      std::printf("%-24s %14.3f %12.2f %12.2f\n", k.name, t.seconds * 1e6, k.operations / t.seconds * 1e-9,
                  k.bytes / t.seconds * 1e-9);
    } else {
      std::printf("%-24s %14s  %s\n", k.name, "-", t.refused.c_str());
    }
    std::fflush(stdout);
  }
  if (json) std::printf("\n]\n");
  return 0;
}

}  // namespace freefall::bench

#pragma once
// An emitted kernel does what the loop interpreter does with the same program, from the same values.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "codegen/plan/pipeline.hpp"
#include "tests/kernel/named_arrays.hpp"
#include "tests/support/run_program.hpp"

namespace freefall::test {

/// The sizes an instance was made for.
template <class Scalar>
plan::Specialisation sizes_of(std::span<const runtime::tensor_info> tensors) {
  plan::Specialisation out;
  out.name = "sizes";
  out.scalar = std::is_same_v<Scalar, float> ? plan::Scalar::float32 : plan::Scalar::float64;
  for (const auto& t : tensors) {
    for (std::size_t a = 0; a < t.rank; ++a) out.extents[t.axes[a]] = t.extents[a];
  }
  return out;
}

/// Random values: symmetric positive definite for square parameters, otherwise in (-1/2, 1/2); scalar inputs
/// in (0.05, 0.1); zero for the optimiser's arrays and what is prepared. Copies of a plate that are not in
/// use hold NaN.
template <class Scalar>
void fill_randomly(const runtime::tensor_info& t, std::span<Scalar> to, std::size_t copies,
                   std::mt19937_64& random) {
  fill(to, random, 0.5);
  if (t.rank == 0) to[0] = static_cast<Scalar>(0.075 + 0.05 * static_cast<double>(to[0]));
  if (t.role == runtime::tensor_role::optimiser_state || t.role == runtime::tensor_role::prepared)
    std::fill(to.begin(), to.end(), Scalar(0));
  const bool square = t.rank == 2 && std::string_view(t.axes[0]) == t.axes[1];
  if (square) {
    const std::size_t n = t.extents[0];
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j <= i; ++j) to[i * n + j] = to[j * n + i] = i == j ? Scalar(n) : to[i * n + j];
    }
  }
  if (t.plated) {
    const auto unused = to.subspan(copies * (to.size() / t.extents[0]));
    std::fill(unused.begin(), unused.end(), std::numeric_limits<Scalar>::quiet_NaN());
  }
}

/// The values with every element moved by at most `relative` of its size. Equal elements move alike, so a
/// symmetric matrix stays symmetric.
inline Arrays<long double> moved(const Arrays<long double>& values, long double relative, unsigned way) {
  Arrays<long double> out = values;
  for (auto& [name, elements] : out) {
    for (long double& e : elements) {
      std::minstd_rand random(way + static_cast<unsigned>(std::hash<long double>{}(e)));
      random.discard(2);
      e *= 1 + std::uniform_real_distribution<long double>(-relative, relative)(random);
    }
  }
  return out;
}

/// Runs the kernel of this name in both ways and compares every array, unused copies included. One plate.
/// Relative to the largest magnitude of an array or of its change: 1e-12 in double and 1e-5 in float, for
/// some hundred roundings on another path. An element that misses it may be as far off as the interpreter
/// takes it when every input moves by that much: Adam divides a gradient by its own size, however little of
/// it is left after cancellation.
template <class Instance, class Call>
void expect_kernel_matches(const ir::Program& program, std::span<const runtime::tensor_info> tensors,
                           std::size_t copies, const std::string& kernel, Call&& call) {
  Instance instance;
  using Scalar = typename decltype(instance.elements(0))::value_type;
  const plan::Specialisation sizes = sizes_of<Scalar>(tensors);
  std::mt19937_64 random(copies);
  Arrays<long double> values;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].role == runtime::tensor_role::output) continue;
    const auto elements = instance.elements(i);
    fill_randomly(tensors[i], elements, copies, random);
    values[tensors[i].name].assign(elements.begin(), elements.end());
  }
  Copies used;
  for (const ir::Axis& axis : program.context->axes()) {
    if (axis.plate) used[axis.name] = copies;
  }
  const plan::Compilation c = plan::compile(program, sizes);
  const auto at =
      std::find_if(c.kernels.begin(), c.kernels.end(), [&](const auto& k) { return k.name == kernel; });
  ASSERT_NE(at, c.kernels.end()) << kernel;
  if constexpr (requires { instance.prepare(); }) {
    instance.prepare();
    const auto& prepare = c.kernels.at(0).operations;
    const auto prepared = run_operations<double>(prepare, *program.context, values, c.sizes, used);
    for (const auto& [name, elements] : prepared) values[name].assign(elements.begin(), elements.end());
  }
  const auto expected = run_operations<double>(at->operations, *program.context, values, c.sizes, used);
  const long double tolerance = std::is_same_v<Scalar, float> ? 1e-5L : 1e-12L;
  std::vector<Arrays<double>> nearby;  // from inputs moved by the tolerance, where they are asked for
  call(instance);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    // A result the kernel does not write is NaN in the interpreter and zero in the instance.
    if (tensors[i].role == runtime::tensor_role::output && kernel != tensors[i].name) continue;
    const auto elements = instance.elements(i);
    std::vector<double> found(elements.begin(), elements.end());
    const std::vector<double>& wanted = expected.at(tensors[i].name);
    const std::vector<long double>& before = values[tensors[i].name];
    if (distance(found, wanted, before) > tolerance && found.size() == wanted.size()) {
      if (nearby.empty()) {
        for (unsigned way = 1; way <= 4; ++way) {
          nearby.push_back(run_operations<double>(at->operations, *program.context,
                                                  moved(values, tolerance, way), c.sizes, used));
        }
      }
      for (std::size_t e = 0; e < found.size(); ++e) {
        double reach = 0;
        for (const auto& run : nearby)
          reach = std::max(reach, std::fabs(run.at(tensors[i].name)[e] - wanted[e]));
        if (std::fabs(found[e] - wanted[e]) <= reach) found[e] = wanted[e];
      }
    }
    EXPECT_LE(distance(found, wanted, before), tolerance)
        << "'" << tensors[i].name << "' after " << kernel << " of " << copies << " copies";
  }
}

}  // namespace freefall::test

#pragma once
// Runs kernels of a program with the reference interpreters, from the same values over full capacities.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <freefall/runtime/random.hpp>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/calculus/interpret_schedule.hpp"
#include "codegen/loop/interpret_loop.hpp"

namespace freefall::test {

using Copies = std::map<std::string, std::size_t>;
/// Arrays by name, over full capacities.
template <class T>
using Arrays = std::map<std::string, std::vector<T>>;

/// Flat positions, over full capacities, of the elements of a tensor that are in use.
inline std::vector<std::size_t> used_elements(const ir::Tensor* tensor, const plan::Specialisation& sizes,
                                              const Copies& copies) {
  std::vector<std::size_t> out = {0};
  for (const ir::Axis* axis : tensor->axes) {
    const auto used = copies.find(axis->name);
    const std::size_t count = used == copies.end() ? sizes.extent(axis) : used->second;
    std::vector<std::size_t> longer;
    for (const std::size_t at : out) {
      for (std::size_t i = 0; i < count; ++i) longer.push_back(at * sizes.extent(axis) + i);
    }
    out = longer;
  }
  return out;
}

/// The arrays of the program that are not temporaries: given values; NaN for results, zero for all others,
/// such as the optimiser's.
template <class T>
std::vector<T> initial(const ir::Tensor& tensor, const Arrays<long double>& values,
                       const plan::Specialisation& sizes) {
  const auto given = values.find(tensor.name);
  if (given != values.end()) return std::vector<T>(given->second.begin(), given->second.end());
  return std::vector<T>(sizes.size(&tensor),
                        tensor.role == ir::Role::output ? std::numeric_limits<T>::quiet_NaN() : T(0));
}

constexpr std::uint64_t kDrawSeed = 5;

/// Number of a draw in its stream, as kernels count: step * number of elements + position over capacities. A
/// stream has the name of its variable, with "/2" and so on behind it for further draws; the order of a scan
/// that of its axis and
/// "/order".
inline std::uint64_t draw_number(std::string_view stream, std::uint64_t step,
                                 const std::vector<std::int64_t>& element, const ir::Context& context,
                                 const plan::Specialisation& sizes) {
  const std::string_view name = stream.substr(0, stream.find('/'));
  if (stream.substr(name.size()).starts_with("/order"))
    return step * sizes.extent(context.find_axis(name)) + static_cast<std::uint64_t>(element[0]);
  const ir::Tensor* of = context.find_tensor(name);
  std::uint64_t flat = 0;
  for (std::size_t p = 0; p < element.size(); ++p)
    flat = flat * sizes.extent(of->axes[p]) + static_cast<std::uint64_t>(element[p]);
  return step * sizes.size(of) + flat;
}

template <class T>
Arrays<T> run_steps(const calculus::Steps& steps, const ir::Context& context,
                    const Arrays<long double>& values, const plan::Specialisation& sizes,
                    const Copies& copies) {
  ir::Sizes used{sizes.extents};
  for (const auto& [plate, count] : copies) used.extents[plate] = count;
  ir::Environment<T> environment(used);
  Arrays<T> out;
  for (const ir::Tensor& t : context.tensors()) {
    if (t.role == ir::Role::temporary) continue;
    out[t.name] = initial<T>(t, values, sizes);
    std::vector<T> packed;
    for (const std::size_t at : used_elements(&t, sizes, copies)) packed.push_back(out[t.name][at]);
    environment.set(&t, packed);
  }
  environment.set_draw([&](std::string_view stream, const std::vector<std::int64_t>& element) {
    const std::uint64_t number = draw_number(stream, environment.step(), element, context, sizes);
    return static_cast<T>(runtime::stream(kDrawSeed, stream).uniform(number));
  });
  calculus::interpret(steps, environment);
  for (const ir::Tensor& t : context.tensors()) {
    if (t.role == ir::Role::temporary) continue;
    const auto positions = used_elements(&t, sizes, copies);
    for (std::size_t i = 0; i < positions.size(); ++i) out[t.name][positions[i]] = environment.get(&t)[i];
  }
  return out;
}

template <class T>
Arrays<T> run_operations(const loop::Operations& operations, const ir::Context& context,
                         const Arrays<long double>& values, const plan::Specialisation& sizes,
                         const Copies& copies) {
  loop::Memory<T> memory(sizes, copies);
  for (const ir::Tensor& t : context.tensors()) {
    if (t.role != ir::Role::temporary) memory[&t] = initial<T>(t, values, sizes);
  }
  memory.set_draw([](std::string_view stream, std::uint64_t number) {
    return static_cast<T>(runtime::stream(kDrawSeed, stream).uniform(number));
  });
  loop::interpret(operations, memory);
  Arrays<T> out;
  for (const ir::Tensor& t : context.tensors()) {
    if (t.role != ir::Role::temporary) out[t.name] = memory[&t];
  }
  return out;
}

/// The largest difference of two arrays relative to the largest magnitude in `expected`, or to 1e-4 where
/// that is less: an array that is zero but for rounding has no digits to compare. Where `before` is what was
/// there before, the magnitude of a change counts too: an update that nearly cancels what it is added to has
/// the rounding of what it adds. A NaN that the other has not is infinitely far; two arrays that are NaN in
/// the same places (unused copies, results never written) agree there.
template <class T>
long double distance(const std::vector<T>& found, const std::vector<T>& expected,
                     const std::vector<long double>& before = {}) {
  constexpr long double kFar = std::numeric_limits<long double>::infinity();
  if (found.size() != expected.size()) return kFar;
  long double largest = 1e-4L, difference = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (std::isnan(found[i]) != std::isnan(expected[i])) return kFar;
    if (std::isnan(expected[i])) continue;
    largest = std::max(largest, std::fabs(static_cast<long double>(expected[i])));
    if (before.size() == expected.size() && !std::isnan(before[i]))
      largest = std::max(largest, std::fabs(static_cast<long double>(expected[i]) - before[i]));
    difference = std::max(
        difference, std::fabs(static_cast<long double>(found[i]) - static_cast<long double>(expected[i])));
  }
  return difference / largest;
}

}  // namespace freefall::test

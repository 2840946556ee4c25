#pragma once
// The arrays of a generated instance by name, whatever library it comes from.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <freefall/runtime/tensor_info.hpp>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace freefall::test {

template <class Instance>
class NamedArrays {
 public:
  NamedArrays(Instance& instance, std::span<const runtime::tensor_info> tensors)
      : instance_(instance), tensors_(tensors) {}

  bool contains(std::string_view name) const { return position(name) < tensors_.size(); }
  auto operator[](std::string_view name) const {
    const std::size_t at = position(name);
    if (at == tensors_.size()) throw std::invalid_argument("no array " + std::string(name));
    return instance_.elements(at);
  }
  std::span<const runtime::tensor_info> tensors() const { return tensors_; }

 private:
  std::size_t position(std::string_view name) const {
    const auto at =
        std::find_if(tensors_.begin(), tensors_.end(), [&](const auto& t) { return t.name == name; });
    return static_cast<std::size_t>(at - tensors_.begin());
  }
  Instance& instance_;
  std::span<const runtime::tensor_info> tensors_;
};

/// Fills with numbers in (-bound, bound), the same on every machine.
template <class T>
void fill(std::span<T> to, std::mt19937_64& random, double bound) {
  for (T& x : to) x = static_cast<T>((static_cast<double>(random() % 20001) / 10000.0 - 1.0) * bound);
}

}  // namespace freefall::test

#pragma once
// Random expressions as text, over declared arrays and free indices. Every expression is finite where arrays
// are of order one: arguments of functions are brought into their domain.

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace freefall::fuzz {

/// A declared array, for reading.
struct Array {
  std::string name;
  std::vector<std::string> axes;
};

class RandomText {
 public:
  explicit RandomText(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class T>
  const T& any(const std::vector<T>& list) {
    return list[below(list.size())];
  }

  /// `e` as the argument of a random function of the table, or of none.
  std::string activate(const std::string& e, std::size_t others_in = 3);
  /// A number: small, simple, of either sign, not zero.
  std::string number();
  /// `e` brought to values above 1/2, in (0, 1), in (-1, 1).
  std::string positive(const std::string& e);
  static std::string unit(const std::string& e) { return "sigmoid(" + e + ")"; }
  static std::string small(const std::string& e) { return "tanh(" + e + ")"; }
  /// A bound index over the axis, apart from every other.
  std::string bound(const std::string& axis) { return axis + "#" + std::to_string(++bound_); }

 private:
  std::mt19937_64 random_;
  int bound_ = 0;
};

}  // namespace freefall::fuzz

#pragma once
// Reference interpreter of the loop IR: plain loops over named arrays, element by element in the order of the
// nests. Fused nests, matrix products and library calls are checked against it, and it against schedules.

#include <map>
#include <string>
#include <vector>

#include "codegen/loop/loop.hpp"

namespace freefall::loop {

/// Arrays over full capacities, row-major, and the number of copies in use of each plate. An array nobody has
/// set holds NaN, so that a value that is read before it is written shows.
template <class T>
class Memory {
 public:
  /// Throws std::invalid_argument when a number of copies is 0 or above the capacity, or names no plate of
  /// the sizes.
  explicit Memory(const plan::Specialisation& sizes, std::map<std::string, std::size_t> copies = {});

  /// The elements of a tensor. The reference stays valid.
  std::vector<T>& operator[](const ir::Tensor* tensor);
  /// Number of values an index over the axis takes: the extent, or the copies in use.
  std::size_t count(const ir::Axis* axis) const;
  const plan::Specialisation& sizes() const { return sizes_; }

 private:
  plan::Specialisation sizes_;
  std::map<std::string, std::size_t> copies_;
  std::map<std::string, std::vector<T>> arrays_;
};

/// Runs the operations. T is double or long double. Throws std::domain_error for a matrix that is not
/// positive definite.
template <class T>
void interpret(const Operations& operations, Memory<T>& memory);

}  // namespace freefall::loop

#pragma once
// What turns a program into kernels of one size: extents, scalar type, names.

#include <map>
#include <string>
#include <vector>

#include "codegen/ir/program.hpp"
#include "codegen/plan/machine.hpp"

namespace freefall::plan {

enum class Scalar { float32, float64 };
inline const char* cpp_name(Scalar s) { return s == Scalar::float32 ? "float" : "double"; }
inline std::size_t bytes(Scalar s) { return s == Scalar::float32 ? 4 : 8; }

struct Specialisation {
  std::string name;                            ///< of the kernel library; a C++ identifier
  std::map<std::string, std::size_t> extents;  ///< number of values of each axis; of a plate, its capacity
  Scalar scalar = Scalar::float64;
  std::map<std::string, std::size_t> lanes =
      {};  ///< of the axes that passes add: copies in a slice of a plate
  Machine machine = {};
  std::vector<std::string> omitted = {};  ///< arrays that are not given out (omit_arrays.hpp)
  std::vector<std::string> trusted = {};  ///< arrays whose values the caller vouches for (trust_arrays.hpp)

  std::size_t extent(const ir::Axis* axis) const {
    const auto lane = lanes.find(axis->name);
    return lane != lanes.end() ? lane->second : extents.at(axis->name);
  }
  /// Elements up to the end of the last vector.
  std::size_t whole_vectors(std::size_t elements) const {
    const std::size_t vector = machine.vector_bytes / bytes(scalar);
    return (elements + vector - 1) / vector * vector;
  }
  /// Elements from row to row where p is the last axis, else the extent of axis p.
  std::size_t length(const ir::Tensor* tensor, std::size_t p) const {
    const std::size_t n = extent(tensor->axes[p]);
    return tensor->padded && p + 1 == tensor->axes.size() ? whole_vectors(n) : n;
  }
  /// In memory, with what rows are padded with.
  std::size_t size(const ir::Tensor* tensor) const {
    std::size_t n = 1;
    for (std::size_t p = 0; p < tensor->axes.size(); ++p) n *= length(tensor, p);
    return n;
  }
};

/// A plate of which a call may use fewer copies than its capacity. A branch has one copy for each value of
/// its axis in every call.
inline bool is_counted(const ir::Axis* axis) { return axis->plate && axis->values_of == nullptr; }

/// With the size of every branch that has none: that of the axis whose values it has. Throws ir::ModelError
/// where a size is given that is another.
Specialisation with_branches(const ir::Program& program, Specialisation specialisation);

/// Checks that every axis of the program has an extent of at least 1 and that no unknown axis is given.
/// Throws ir::ModelError listing what is missing or unknown beside what is known.
void check_specialisation(const ir::Program& program, const Specialisation& specialisation);

}  // namespace freefall::plan

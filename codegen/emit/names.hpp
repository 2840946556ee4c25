#pragma once
// How numbers, extents, loop variables and elements of arrays are spelled in C++.

#include <string>
#include <vector>

#include "codegen/loop/loop.hpp"

namespace freefall::emit {

/// C++ names of one kernel library.
struct Names {
  const plan::Specialisation* sizes = nullptr;

  std::string scalar() const { return plan::cpp_name(sizes->scalar); }
  std::string literal(const ir::Number& n) const;
  std::string literal(long double value) const;
  /// Number of values an index takes in a call: a literal, or the copies in use for a plate.
  std::string extent(const ir::Axis* axis) const;
  std::string copies(const ir::Axis* plate) const { return plate->name + "_copies"; }
  std::string loop_variable(const ir::Index& index) const;
  /// Flat offset of an element: `batch * 300 + hidden`.
  std::string offset(const ir::Tensor* tensor, const std::vector<ir::Subscript>& subscripts) const;
  std::string element(const ir::Tensor* tensor, const std::vector<ir::Subscript>& subscripts) const;
};

/// A scalar expression without array accesses as a C++ expression, or the exact value when it is closed.
bool is_closed(ir::Expr e);
long double closed_value(ir::Expr e);

}  // namespace freefall::emit

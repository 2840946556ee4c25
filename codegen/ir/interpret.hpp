#pragma once
// The reference interpreter: the value of an expression, straight from the meaning of each node.
//
// Slow and plain on purpose; kernels, passes and derivatives are checked against it. Every node below the
// expression is evaluated once, as a dense array over its free indices (a label bound further out is an
// ordinary free index of the body). A contraction over a pointwise body is accumulated without storing the
// body.
//
// Conventions of evaluation, which kernels share:
//   - an access or gather outside its tensor reads zero;
//   - in a product, a Delta or Range that is zero makes the product zero, whatever the other factors are;
//   - Select takes one branch; the other may be infinite or not a number;
//   - LogDet and Inverse take the symmetric part of their matrix.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/ir/expr.hpp"

namespace freefall::ir {

/// Number of values of each axis, by name.
struct Sizes {
  std::map<std::string, std::size_t> extents;
  /// Throws std::invalid_argument naming the axis when it has no size.
  std::size_t of(const Axis& axis) const;
};

/// Sizes, tensors and draws that give an expression its value.
template <class T>
class Environment {
 public:
  /// A uniform draw in (0, 1): stream name and element. Who gives it looks up the step.
  using Draw = std::function<T(std::string_view, const std::vector<std::int64_t>&)>;

  explicit Environment(Sizes sizes) : sizes_(std::move(sizes)) {}
  const Sizes& sizes() const { return sizes_; }
  /// Number of elements of a tensor under these sizes.
  std::size_t count(const Tensor& tensor) const;

  /// Row-major in axis order. Throws std::invalid_argument when the number of elements is wrong.
  void set(const Tensor* tensor, std::vector<T> data);
  /// Throws std::invalid_argument when the tensor has no value.
  const std::vector<T>& get(const Tensor* tensor) const;
  bool contains(const Tensor* tensor) const { return tensors_.contains(tensor->name); }

  void set_draw(Draw draw) { draw_ = std::move(draw); }
  T draw(std::string_view stream, const std::vector<std::int64_t>& element) const;
  /// The step of the schedule that draws belong to: passes of the loops around, the innermost counting
  /// fastest.
  void set_step(std::uint64_t step) { step_ = step; }
  std::uint64_t step() const { return step_; }

  /// Remembers the present tensors as those at a point of the schedule; Freeze nodes of the point read them.
  void freeze(const std::string& point);
  /// Throws std::invalid_argument when the point has not been passed.
  const Environment& at(const std::string& point) const;

 private:
  Sizes sizes_;
  std::map<std::string, std::vector<T>> tensors_;
  Draw draw_;
  std::uint64_t step_ = 0;
  std::map<std::string, std::shared_ptr<const Environment>> frozen_;
};

/// A dense array, row-major over `indices`.
template <class T>
struct Value {
  std::vector<Index> indices;
  std::vector<std::size_t> extents;
  std::vector<T> data;
};

/// The value over the free indices of e in their own (sorted) order.
/// Throws std::invalid_argument for missing sizes or tensors, std::domain_error for a matrix that is not
/// positive definite under LogDet or Inverse.
template <class T>
Value<T> evaluate(Expr e, const Environment<T>& environment);

/// The value over the given indices, which contain the free ones; others repeat the value.
template <class T>
Value<T> evaluate(Expr e, const std::vector<Index>& order, const Environment<T>& environment);

/// The value of an expression without free indices.
template <class T>
T evaluate_scalar(Expr e, const Environment<T>& environment);

}  // namespace freefall::ir

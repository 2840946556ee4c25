// Typed views of a kernel's arrays, without a copy: Eigen maps up to rank 2, xtensor adaptors of any rank.
// And the other way round: a matrix or tensor of the user's in place of an array, its shape and layout
// checked.
#pragma once

#include <Eigen/Core>
#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>
#include <xtensor/xadapt.hpp>

#include "freefall/runtime/tensor_info.hpp"

namespace freefall::runtime {

// A row-major matrix over rows * columns elements at p; the view does not own them.
template <class T>
auto matrix_view(T* p, std::size_t rows, std::size_t columns) {
  using matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<matrix>(p, static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns));
}

// A vector over n elements at p.
template <class T>
auto matrix_view(T* p, std::size_t n) {
  return Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, 1>>(p, static_cast<Eigen::Index>(n));
}

// A row-major tensor of the given extents over the elements at p.
template <class T, class... Extents>
auto tensor_view(T* p, Extents... extents) {
  const std::array<std::size_t, sizeof...(Extents)> shape{static_cast<std::size_t>(extents)...};
  std::size_t n = 1;
  for (const std::size_t e : shape) n *= e;
  return xt::adapt(p, n, xt::no_ownership(), shape);
}

// A matrix or tensor of another shape or layout than an array has.
class shape_error : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

namespace detail {

inline std::string shape_text(const std::size_t* extents, std::size_t rank) {
  std::string text;
  for (std::size_t i = 0; i < rank; ++i) text += (i == 0 ? "" : " x ") + std::to_string(extents[i]);
  return rank == 0 ? "scalar" : text;
}

inline std::string axes_text(const tensor_info& info) {
  std::string text = " [";
  for (std::size_t i = 0; i < info.rank; ++i) text += std::string(i == 0 ? "" : ", ") + info.axes[i];
  return text + "]";
}

inline void check_shape(const tensor_info& info, const std::vector<std::size_t>& found, bool dense_rows) {
  bool same = found.size() == info.rank;
  for (std::size_t i = 0; same && i < info.rank; ++i) same = found[i] == info.extents[i];
  if (!same) {
    throw shape_error(std::string("'") + info.name + "' was given the shape " +
                      shape_text(found.data(), found.size()) + "; expected " +
                      shape_text(info.extents, info.rank) + axes_text(info) +
                      ". Give an array of that shape, or compile the kernels for these sizes.");
  }
  if (!dense_rows) {
    throw shape_error(std::string("'") + info.name +
                      "' was given elements that are not row-major and dense; expected the last axis of" +
                      axes_text(info) + " contiguous and no gaps. Copy it, or store it row-major.");
  }
}

}  // namespace detail

// The first element of an Eigen matrix or map of the shape of the array, row-major and dense; vectors of an
// array of rank 1 may lie or stand. Throws shape_error naming the array, both shapes and the axes.
template <class T, class Matrix>
  requires requires(Matrix& m) { m.rows(), m.cols(), m.outerStride(); }
T* elements_of(const tensor_info& info, Matrix& m) {
  static_assert(std::is_same_v<typename Matrix::Scalar, T>,
                "freefall: the elements must have the scalar type of the kernels");
  const std::size_t rows = static_cast<std::size_t>(m.rows()), columns = static_cast<std::size_t>(m.cols());
  const bool vector = rows == 1 || columns == 1;
  const bool dense = m.innerStride() == 1 && (vector || (Matrix::IsRowMajor && m.outerStride() == m.cols()));
  if (info.rank == 1 && vector) {
    detail::check_shape(info, {rows * columns}, dense);
  } else {
    detail::check_shape(info, {rows, columns}, dense);
  }
  return m.data();
}

// The same for an xtensor container or adaptor of any rank.
template <class T, class Tensor>
  requires requires(Tensor& t) { t.shape(), t.strides(), t.dimension(); }
T* elements_of(const tensor_info& info, Tensor& t) {
  static_assert(std::is_same_v<typename Tensor::value_type, T>,
                "freefall: the elements must have the scalar type of the kernels");
  const std::vector<std::size_t> shape(t.shape().begin(), t.shape().end());
  bool dense = true;
  std::ptrdiff_t expected = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (shape[i] != 1) dense = dense && static_cast<std::ptrdiff_t>(t.strides()[i]) == expected;
    expected *= static_cast<std::ptrdiff_t>(shape[i]);
  }
  detail::check_shape(info, shape, dense);
  return t.data();
}

}  // namespace freefall::runtime

// Typed views of a kernel's arrays, without a copy: Eigen maps up to rank 2, xtensor adaptors of any rank.
#pragma once

#include <Eigen/Core>
#include <array>
#include <cstddef>
#include <xtensor/xadapt.hpp>

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

}  // namespace freefall::runtime

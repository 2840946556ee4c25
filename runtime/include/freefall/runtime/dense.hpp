// Dense symmetric positive definite matrices of a few to a few hundred rows: factor, solve, invert, log
// determinant. Row-major with a leading dimension in elements (ld >= n). Only the lower triangle of a
// symmetric argument is read. No heap: the caller owns the scratch.
//
// "Not positive definite" is a value, not an exception: false comes back when a pivot is not a positive
// finite number (NaN included), and what was written until then is of no use. Method: Cholesky-Banachiewicz
// by rows and triangular substitution (Golub and Van Loan 2013, 4.2.5 and 3.1), every inner loop a product of
// contiguous vectors; n^3 / 3 operations to factor, n^3 to invert.
#pragma once

#include <cstddef>
#include <limits>

#include "freefall/runtime/simd.hpp"
#include "freefall/runtime/vector_math.hpp"

namespace freefall::runtime {

// Elements of scratch for inverse_spd, solve_spd and log_det_spd.
constexpr std::size_t dense_scratch_elements(std::size_t n) { return n * n; }

inline namespace FREEFALL_INSTRUCTION_SET {
namespace dense_detail {

// sum a[i] b[i], in an order that depends on n only.
template <class T>
T dot(std::size_t n, const T* a, const T* b) {
  using S = simd<T>;
  typename S::vector even = {}, odd = {};
  std::size_t i = 0;
  for (; i + 2 * S::lanes <= n; i += 2 * S::lanes) {
    even += S::load(a + i) * S::load(b + i);
    odd += S::load(a + i + S::lanes) * S::load(b + i + S::lanes);
  }
  T rest = 0;
  if (i > 0) {
    typename S::vector all[1] = {even + odd};
    S::sum_each(all, &rest);
  }
  for (; i < n; ++i) rest += a[i] * b[i];
  return rest;
}

// y -= s * x
template <class T>
void subtract_scaled(std::size_t n, T s, const T* x, T* y) {
  using S = simd<T>;
  std::size_t i = 0;
  for (; i + S::lanes <= n; i += S::lanes) S::store(y + i, S::load(y + i) - s * S::load(x + i));
  for (; i < n; ++i) y[i] -= s * x[i];
}

template <class T>
void copy_lower(std::size_t n, const T* a, std::size_t lda, T* out) {
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j <= i; ++j) out[i * n + j] = a[i * lda + j];
}

}  // namespace dense_detail

// A = L L', L over the lower triangle of A; the strict upper triangle is neither read nor written.
template <class T>
[[nodiscard]] bool cholesky(std::size_t n, T* a, std::size_t ld) {
  for (std::size_t i = 0; i < n; ++i) {
    T* row = a + i * ld;
    for (std::size_t j = 0; j < i; ++j)
      row[j] = (row[j] - dense_detail::dot(j, row, a + j * ld)) / a[j * ld + j];
    const T pivot = row[i] - dense_detail::dot(i, row, row);
    if (!(pivot > T(0)) || pivot > std::numeric_limits<T>::max()) return false;
    row[i] = math::sqrt(pivot);
  }
  return true;
}

// x = (L L')^-1 x for L from cholesky.
template <class T>
void solve_cholesky(std::size_t n, const T* l, std::size_t ld, T* x) {
  for (std::size_t i = 0; i < n; ++i) x[i] = (x[i] - dense_detail::dot(i, l + i * ld, x)) / l[i * ld + i];
  for (std::size_t i = n; i-- > 0;) {
    x[i] /= l[i * ld + i];
    dense_detail::subtract_scaled(i, x[i], l + i * ld, x);
  }
}

// X = A^-1 B for `columns` right-hand sides, B and X n x columns, row-major with leading dimension ldb, in
// place.
template <class T>
[[nodiscard]] bool solve_spd(std::size_t n, const T* a, std::size_t lda, std::size_t columns, T* b,
                             std::size_t ldb, T* scratch) {
  dense_detail::copy_lower(n, a, lda, scratch);
  if (!cholesky(n, scratch, n)) return false;
  if (columns == 1 && ldb == 1) {
    solve_cholesky(n, scratch, n, b);
    return true;
  }
  // All right-hand sides together: their rows are contiguous.
  const auto divide = [&](std::size_t i) {
    for (std::size_t j = 0; j < columns; ++j) b[i * ldb + j] /= scratch[i * n + i];
  };
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k)
      dense_detail::subtract_scaled(columns, scratch[i * n + k], b + k * ldb, b + i * ldb);
    divide(i);
  }
  for (std::size_t i = n; i-- > 0;) {
    divide(i);
    for (std::size_t k = 0; k < i; ++k)
      dense_detail::subtract_scaled(columns, scratch[i * n + k], b + i * ldb, b + k * ldb);
  }
  return true;
}

// out = A^-1, both triangles, exactly symmetric. out must not overlap A.
template <class T>
[[nodiscard]] bool inverse_spd(std::size_t n, const T* a, std::size_t lda, T* out, std::size_t ldo,
                               T* scratch) {
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) out[i * ldo + j] = T(i == j);
  if (!solve_spd(n, a, lda, n, out, ldo, scratch)) return false;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < i; ++j) out[j * ldo + i] = out[i * ldo + j];
  return true;
}

// ln det A; ok = false and NaN where A is not positive definite. Does not overflow with the determinant.
template <class T>
[[nodiscard]] T log_det_spd(std::size_t n, const T* a, std::size_t lda, T* scratch, bool& ok) {
  dense_detail::copy_lower(n, a, lda, scratch);
  ok = cholesky(n, scratch, n);
  if (!ok) return std::numeric_limits<T>::quiet_NaN();
  T sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += math::log(scratch[i * n + i]);
  return T(2) * sum;
}

}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime

#pragma once
// filter_case.hpp by hand for AVX-512: matrices by columns, each scaled by a broadcast element and added,
// over two or four sets of accumulators that break the chain of additions. `as_written` follows the
// equations, `folded` has the constant algebra of a call to the constructor: x' = M x + L y, legal only
// because everything is linear and the parameters do not change.

#include <cstring>

#include "bench/filter_case.hpp"

namespace freefall::bench::filter {

template <int n>
class hand_base {
 public:
  alignas(64) double x[n] = {};

 protected:
  static constexpr int width = n >= 8 ? 8 : 4, parts = n / width, sets = n >= 8 ? 4 : 2;
  static_assert(n % width == 0);
  typedef double vector __attribute__((vector_size(width * 8)));
  struct columns {
    alignas(64) double c[n][n];
    template <class Matrix>
    explicit columns(const Matrix& m) {
      for (int i = 0; i < n; ++i)
        for (int j = 0; j < n; ++j) c[j][i] = m(i, j);
    }
  };

  static vector load(const double* p) {
    vector v;
    std::memcpy(&v, p, sizeof v);
    return v;
  }
  [[gnu::always_inline]] static void multiply(const columns& m, const double* v, vector* out) {
    vector sum[sets][parts] = {};
#pragma GCC unroll 16
    for (int j = 0; j < n; ++j)
#pragma GCC unroll 4
      for (int r = 0; r < parts; ++r) sum[j % sets][r] += load(&m.c[j][r * width]) * (v[j] - vector{});
#pragma GCC unroll 4
    for (int r = 0; r < parts; ++r) {
      out[r] = sum[0][r];
#pragma GCC unroll 4
      for (int s = 1; s < sets; ++s) out[r] += sum[s][r];
    }
  }
  [[gnu::always_inline]] static void put(double* p, const vector* v) {
    std::memcpy(p, v, n * sizeof(double));
  }
};

template <int n>
class as_written : public hand_base<n> {
  using base = hand_base<n>;
  using base::parts, base::width, base::multiply, base::put, base::load;
  using typename base::vector, typename base::columns;

 public:
  explicit as_written(const setting<n>& s) : A_(s.A), C_(s.C), Ct_(s.C.transpose()), Px_(s.Px), Py_(s.Py) {}

  [[gnu::noinline]] void tick(const double* y) {
    vector predicted[parts], moved[parts], sense[parts], prior[parts];
    alignas(64) double first[n], second[n];
    multiply(A_, this->x, predicted);
    for (int r = 0; r < parts; ++r) moved[r] = predicted[r];
    for (int t = 0; t < steps; ++t) {
      put(first, moved);
      multiply(C_, first, sense);
      for (int r = 0; r < parts; ++r) {
        sense[r] = load(y + r * width) - sense[r];
        prior[r] = moved[r] - predicted[r];
      }
      put(first, sense);
      put(second, prior);
      multiply(Py_, first, sense);
      put(first, sense);
      multiply(Ct_, first, sense);
      multiply(Px_, second, prior);
      for (int r = 0; r < parts; ++r) moved[r] += rate * (sense[r] - prior[r]);
    }
    put(this->x, moved);
  }

 private:
  columns A_, C_, Ct_, Px_, Py_;
};

template <int n>
class folded : public hand_base<n> {
  using base = hand_base<n>;
  using base::parts, base::multiply, base::put;
  using typename base::vector, typename base::columns;

 public:
  explicit folded(const setting<n>& s) : folded(collapse(s)) {}

  [[gnu::noinline]] void tick(const double* y) {
    vector drive[parts], carried[parts];
    multiply(L_, y, drive);
    multiply(M_, this->x, carried);
    for (int r = 0; r < parts; ++r) carried[r] += drive[r];
    put(this->x, carried);
  }

 private:
  using matrix = typename setting<n>::matrix;
  explicit folded(const std::pair<matrix, matrix>& m) : M_(m.first), L_(m.second) {}

  static std::pair<matrix, matrix> collapse(const setting<n>& s) {
    const matrix one_step = matrix::Identity() - rate * (s.C.transpose() * s.Py * s.C + s.Px);
    matrix M = s.A, L = matrix::Zero();
    for (int t = 0; t < steps; ++t) {
      M = (one_step * M + rate * s.Px * s.A).eval();
      L = (one_step * L + rate * s.C.transpose() * s.Py).eval();
    }
    return {M, L};
  }

  columns M_, L_;
};

}  // namespace freefall::bench::filter

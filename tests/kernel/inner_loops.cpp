// The products of the runtime as kernels call them, each alone in a function, for inner_loops_test.py to look
// at: gemm in both types; a matrix and a changing one times a vector, by rows and by columns, of sizes with
// and without a rest; and a tile that has more accumulators than there are registers.
#include <freefall/runtime/gemm.hpp>
#include <freefall/runtime/matrix_vector.hpp>
#include <freefall/runtime/tiled_product.hpp>
#include <freefall/runtime/updated_product.hpp>

using namespace freefall::runtime;

template <class T>
struct finish {
  T* y;
  template <class Count>
  FREEFALL_INLINE void operator()(std::size_t first, const T* sum, Count) const {
    FREEFALL_INDEPENDENT
    for (std::size_t i = 0; i < Count::value; ++i) y[first + i] = sum[i];
  }
};

// y = A x.
template <class T, std::size_t n, std::ptrdiff_t row, std::ptrdiff_t column>
void matrix_times_vector(const T* __restrict a, const T* __restrict x, T* __restrict y) {
  matrix_vector<T, n, n, row, column, 1>(a, x, finish<T>{y});
}

// A += u v' (by columns: v u'), then y = A x.
template <class T, std::size_t n, std::ptrdiff_t row, std::ptrdiff_t column>
void updated_times_vector(T* __restrict a, const T* __restrict x, const T* __restrict u,
                          const T* __restrict v, T* __restrict y, finite<T>& stored) {
  const auto update = [&](const std::size_t i) FREEFALL_INLINED {
    const T factor = u[i];
    return [=](const std::size_t j) FREEFALL_INLINED { return a[i * n + j] + factor * v[j]; };
  };
  updated_matrix_vector<T, n, n, row, column, 1>(a, x, stored, false, update, like_all(), finish<T>{y});
}

#define PRODUCTS(T)                                                                                 \
  template void freefall::runtime::gemm<T>(                                                         \
      std::size_t, std::size_t, std::size_t, T, const T*, std::ptrdiff_t, std::ptrdiff_t, const T*, \
      std::ptrdiff_t, std::ptrdiff_t, T, T*, std::ptrdiff_t, std::ptrdiff_t, T*, std::size_t);      \
  PRODUCTS_WITH_VECTOR(T, 200)                                                                      \
  PRODUCTS_WITH_VECTOR(T, 256)
#define PRODUCTS_WITH_VECTOR(T, n)                                                                  \
  template void matrix_times_vector<T, n, n, 1>(const T*, const T*, T*);                            \
  template void matrix_times_vector<T, n, 1, n>(const T*, const T*, T*);                            \
  template void updated_times_vector<T, n, n, 1>(T*, const T*, const T*, const T*, T*, finite<T>&); \
  template void updated_times_vector<T, n, 1, n>(T*, const T*, const T*, const T*, T*, finite<T>&);
PRODUCTS(float)
PRODUCTS(double)

template seen_here<simd<float>, const unchecked> freefall::runtime::tile_detail::accumulate<
    float, 30, 2, 784, 1, 64, freefall::runtime::tile_detail::in_buffer<float, 2>, const unchecked>(
    std::size_t, const float* __restrict, const float* __restrict, std::ptrdiff_t, float* __restrict);

#pragma once
// Building blocks of the hand-written AVX-512 kernels: tanh, exp, log, transposition, and a register-blocked
// tile product.

#include <immintrin.h>

#include <cstddef>

namespace freefall::bench::avx512 {

inline constexpr int lanes = 16;

// What a product needs, for float and for double.
template <class T>
inline constexpr int lanes_of = static_cast<int>(64 / sizeof(T));
[[gnu::always_inline]] inline __m512 load(const float* p) { return _mm512_loadu_ps(p); }
[[gnu::always_inline]] inline __m512d load(const double* p) { return _mm512_loadu_pd(p); }
[[gnu::always_inline]] inline void store(float* p, __m512 x) { _mm512_storeu_ps(p, x); }
[[gnu::always_inline]] inline void store(double* p, __m512d x) { _mm512_storeu_pd(p, x); }
[[gnu::always_inline]] inline __m512 broadcast(float x) { return _mm512_set1_ps(x); }
[[gnu::always_inline]] inline __m512d broadcast(double x) { return _mm512_set1_pd(x); }
[[gnu::always_inline]] inline __m512 fmadd(__m512 a, __m512 b, __m512 c) { return _mm512_fmadd_ps(a, b, c); }
[[gnu::always_inline]] inline __m512d fmadd(__m512d a, __m512d b, __m512d c) {
  return _mm512_fmadd_pd(a, b, c);
}

// rcp14 and one Newton step.
[[gnu::always_inline]] inline __m512 reciprocal(__m512 x) {
  const __m512 r = _mm512_rcp14_ps(x);
  return _mm512_mul_ps(r, _mm512_fnmadd_ps(x, r, _mm512_set1_ps(2.0F)));
}

// Rational 13/6 approximation with the coefficients of Eigen's generic_fast_tanh_float; the division is rcp14
// and one Newton step. Error of about 3 units in the last place.
[[gnu::always_inline]] inline __m512 tanh(__m512 a) {
  const auto all = [](float c) { return _mm512_set1_ps(c); };
  const __m512 x = _mm512_max_ps(_mm512_min_ps(a, all(7.90531110763549805F)), all(-7.90531110763549805F));
  const __m512 x2 = _mm512_mul_ps(x, x);
  __m512 p = all(-2.76076847742355e-16F);
  for (const float c : {2.00018790482477e-13F, -8.60467152213735e-11F, 5.12229709037114e-08F,
                        1.48572235717979e-05F, 6.37261928875436e-04F, 4.89352455891786e-03F})
    p = _mm512_fmadd_ps(x2, p, all(c));
  p = _mm512_mul_ps(x, p);
  __m512 q = all(1.19825839466702e-06F);
  for (const float c : {1.18534705686654e-04F, 2.26843463243900e-03F, 4.89352518554385e-03F})
    q = _mm512_fmadd_ps(x2, q, all(c));
  return _mm512_mul_ps(p, reciprocal(q));
}

// x - n ln 2 in two parts, and the polynomial of Cephes expf. Error of 1 to 2 units in the last place;
// between e^-87.3 and e^88.3.
[[gnu::always_inline]] inline __m512 exp(__m512 x) {
  const auto all = [](float c) { return _mm512_set1_ps(c); };
  x = _mm512_max_ps(_mm512_min_ps(x, all(88.3F)), all(-87.3F));
  const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, all(1.44269504088896341F)), 0x08);
  __m512 r = _mm512_fnmadd_ps(n, all(0.693359375F), x);
  r = _mm512_fnmadd_ps(n, all(-2.12194440e-4F), r);
  __m512 p = all(1.9875691500e-4F);
  for (const float c :
       {1.3981999507e-3F, 8.3334519073e-3F, 4.1665795894e-2F, 1.6666665459e-1F, 5.0000001201e-1F})
    p = _mm512_fmadd_ps(p, r, all(c));
  p = _mm512_fmadd_ps(p, _mm512_mul_ps(r, r), _mm512_add_ps(r, all(1)));
  return _mm512_scalef_ps(p, n);
}

// The polynomial of Cephes logf, x > 0 and normal. Error of about 1 unit in the last place.
[[gnu::always_inline]] inline __m512 log(__m512 x) {
  const auto all = [](float c) { return _mm512_set1_ps(c); };
  __m512 e = _mm512_getexp_ps(x), m = _mm512_getmant_ps(x, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_src);
  const __mmask16 big = _mm512_cmp_ps_mask(m, all(1.41421356237F), _CMP_GT_OQ);
  m = _mm512_mask_mul_ps(m, big, m, all(0.5F));
  e = _mm512_mask_add_ps(e, big, e, all(1));
  const __m512 f = _mm512_sub_ps(m, all(1)), z = _mm512_mul_ps(f, f);
  __m512 p = all(7.0376836292e-2F);
  for (const float c : {-1.1514610310e-1F, 1.1676998740e-1F, -1.2420140846e-1F, 1.4249322787e-1F,
                        -1.6668057665e-1F, 2.0000714765e-1F, -2.4999993993e-1F, 3.3333331174e-1F})
    p = _mm512_fmadd_ps(p, f, all(c));
  p = _mm512_mul_ps(_mm512_mul_ps(p, f), z);
  p = _mm512_fmadd_ps(e, all(-2.12194440e-4F), p);
  p = _mm512_fnmadd_ps(z, all(0.5F), p);
  return _mm512_fmadd_ps(e, all(0.693359375F), _mm512_add_ps(f, p));
}

// to[j * to_stride + i] = from[i * from_stride + j] for 16 x 16 elements.
inline void transpose_block(const float* from, std::ptrdiff_t from_stride, float* to,
                            std::ptrdiff_t to_stride) {
  __m512 r[16], t[16];
  for (int i = 0; i < 16; ++i) r[i] = _mm512_loadu_ps(from + i * from_stride);
  for (int i = 0; i < 8; ++i) {
    t[2 * i] = _mm512_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
  const auto pairs_low = [](__m512 a, __m512 b) {
    return _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
  };
  const auto pairs_high = [](__m512 a, __m512 b) {
    return _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
  };
  for (int i = 0; i < 4; ++i) {
    r[4 * i + 0] = pairs_low(t[4 * i], t[4 * i + 2]);
    r[4 * i + 1] = pairs_high(t[4 * i], t[4 * i + 2]);
    r[4 * i + 2] = pairs_low(t[4 * i + 1], t[4 * i + 3]);
    r[4 * i + 3] = pairs_high(t[4 * i + 1], t[4 * i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_f32x4(r[i], r[4 + i], 0x88);
    t[4 + i] = _mm512_shuffle_f32x4(r[i], r[4 + i], 0xdd);
    t[8 + i] = _mm512_shuffle_f32x4(r[8 + i], r[12 + i], 0x88);
    t[12 + i] = _mm512_shuffle_f32x4(r[8 + i], r[12 + i], 0xdd);
  }
  for (int i = 0; i < 4; ++i) {
    _mm512_storeu_ps(to + i * to_stride, _mm512_shuffle_f32x4(t[i], t[8 + i], 0x88));
    _mm512_storeu_ps(to + (4 + i) * to_stride, _mm512_shuffle_f32x4(t[4 + i], t[12 + i], 0x88));
    _mm512_storeu_ps(to + (8 + i) * to_stride, _mm512_shuffle_f32x4(t[i], t[8 + i], 0xdd));
    _mm512_storeu_ps(to + (12 + i) * to_stride, _mm512_shuffle_f32x4(t[4 + i], t[12 + i], 0xdd));
  }
}

// to [columns, rows] = transpose of from [rows, columns]. Out of line: with its sizes known g++ 12 warns of
// the remainder loops it has proved empty.
[[gnu::noinline]] inline void transpose(const float* from, int rows, int columns, float* to,
                                        std::ptrdiff_t to_stride) {
  const int whole = rows / lanes * lanes;
  for (int i = 0; i < whole; i += lanes) {
    int j = 0;
    for (; j + lanes <= columns; j += lanes)
      transpose_block(from + std::ptrdiff_t{i} * columns + j, columns, to + j * to_stride + i, to_stride);
    for (; j < columns; ++j)
      for (int k = i; k < i + lanes; ++k) to[j * to_stride + k] = from[std::ptrdiff_t{k} * columns + j];
  }
  for (int i = whole; i < rows; ++i)
    for (int j = 0; j < columns; ++j) to[j * to_stride + i] = from[std::ptrdiff_t{i} * columns + j];
}

// out [Rows, Vectors vectors] = sum_k A(row, k) B[k, column]; A(i, k) is a[i * a_stride + k], or a[k *
// a_stride
// + i] if it is stored transposed. Out of line, so that no epilogue takes registers from the accumulators.
template <int Rows, int Vectors, bool Transposed, class T>
[[gnu::noinline]] void tile(std::ptrdiff_t depth, const T* __restrict a, std::ptrdiff_t a_stride,
                            const T* __restrict b, std::ptrdiff_t b_stride, T* __restrict out) {
  using vector = decltype(load(a));
  vector sum[Rows][Vectors];
  for (auto& r : sum)
    for (auto& v : r) v = broadcast(T(0));
#pragma GCC unroll 1
  for (; depth > 0; --depth) {
    vector column[Vectors];
#pragma GCC unroll 8
    for (int j = 0; j < Vectors; ++j) {
      column[j] = load(b + lanes_of<T> * j);
      asm("" : "+v"(column[j]));  // else g++ 12 loads it again for each row
    }
#pragma GCC unroll 32
    for (int i = 0; i < Rows; ++i) {
      const vector x = broadcast(Transposed ? a[i] : a[i * a_stride]);
#pragma GCC unroll 8
      for (int j = 0; j < Vectors; ++j) sum[i][j] = fmadd(x, column[j], sum[i][j]);
    }
    a += Transposed ? a_stride : 1;
    b += b_stride;
  }
#pragma GCC unroll 32
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 8
    for (int j = 0; j < Vectors; ++j) store(out + (i * Vectors + j) * lanes_of<T>, sum[i][j]);
}

// One tile through a buffer in the first cache; then epilogue(row, vector, sum) on each of its vectors.
template <int Rows, int Vectors, bool Transposed, class T, class Epilogue>
[[gnu::always_inline]] inline void tile_then(int row, int depth, const T* a, std::ptrdiff_t a_stride,
                                             const T* b, std::ptrdiff_t b_stride, const Epilogue& epilogue) {
  alignas(64) T out[Rows * Vectors * lanes_of<T>];
  tile<Rows, Vectors, Transposed>(depth, Transposed ? a + row : a + row * a_stride, a_stride, b, b_stride,
                                  out);
#pragma GCC unroll 1
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < Vectors; ++j) epilogue(row + i, j, load(out + (i * Vectors + j) * lanes_of<T>));
}

// A product of any number of rows by Vectors vectors of columns, in tiles of 12 rows and then 8, 4, 2, 1.
template <int Vectors, bool Transposed, class T, class Epilogue>
[[gnu::always_inline]] inline void product_then(int rows, int depth, const T* a, std::ptrdiff_t a_stride,
                                                const T* b, std::ptrdiff_t b_stride,
                                                const Epilogue& epilogue) {
  int m = 0;
  for (; rows - m >= 24 || rows - m == 12; m += 12)
    tile_then<12, Vectors, Transposed>(m, depth, a, a_stride, b, b_stride, epilogue);
  if (rows - m == 10) {
    tile_then<10, Vectors, Transposed>(m, depth, a, a_stride, b, b_stride, epilogue);
    m += 10;
  }
  for (; rows - m >= 8; m += 8)
    tile_then<8, Vectors, Transposed>(m, depth, a, a_stride, b, b_stride, epilogue);
  for (; rows - m >= 4; m += 4)
    tile_then<4, Vectors, Transposed>(m, depth, a, a_stride, b, b_stride, epilogue);
  for (; rows - m >= 2; m += 2)
    tile_then<2, Vectors, Transposed>(m, depth, a, a_stride, b, b_stride, epilogue);
  for (; rows - m >= 1; m += 1)
    tile_then<1, Vectors, Transposed>(m, depth, a, a_stride, b, b_stride, epilogue);
}

}  // namespace freefall::bench::avx512

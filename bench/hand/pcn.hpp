#pragma once
// pcn_case.hpp by hand for AVX-512. The batch is taken in slices of 32 samples, whose activities, [unit, 32],
// stay in the inner caches for a whole call; every elementwise step runs in the epilogue of the product
// before it.
//
// Peeled: at the feed-forward start e_2 is zero, so the first step leaves x_1 alone and e_2 becomes the step
// of x_2; two of the 42 large products fall away. Exact algebra, but only a compiler that proves e_2 = 0
// would find it.

#include <cstring>
#include <memory>
#include <new>

#include "bench/hand/avx512.hpp"
#include "bench/pcn_case.hpp"

namespace freefall::bench::pcn {

template <bool Peeled>
class hand_network {
 public:
  explicit hand_network(const parameters& start) {
    for (std::size_t l = 0; l < 3; ++l) {
      const auto in = static_cast<std::size_t>(size[l]), out = static_cast<std::size_t>(size[l + 1]);
      W[l] = array(in * out);
      b[l] = array(out);
      std::memcpy(W[l].get(), start.W[l].data(), in * out * sizeof(float));
      std::memcpy(b[l].get(), start.b[l].data(), out * sizeof(float));
    }
    f0_ = array(d0 * columns);
    f0_transposed_ = array(d0 * batch);
    for (auto* a : {&drive_, &x1_, &f1_, &x2_, &f2_}) *a = array(d1 * columns);
    for (auto* a : {&e1_, &e2_, &f1_transposed_, &f2_transposed_}) *a = array(d1 * batch);
    x3_ = array(d3 * columns);
    e3_ = array(d3 * batch);
  }

  struct release {
    void operator()(float* p) const { ::operator delete[](p, std::align_val_t{64}); }
  };
  using storage = std::unique_ptr<float[], release>;
  std::array<storage, 3> W, b;

  void train(const sample& s) {
    for (int slice = 0; slice < slices; ++slice) infer(slice, s);
    constexpr float rate = learning_rate / batch;
    learn(0, e1_.get(), f0_transposed_.get(), rate);
    learn(1, e2_.get(), f1_transposed_.get(), rate);
    learn(2, e3_.get(), f2_transposed_.get(), rate);
  }

 private:
  static constexpr int d0 = size[0], d1 = size[1], d2 = size[2], d3 = size[3];
  static constexpr int vectors = 2, columns = vectors * avx512::lanes, slices = batch / columns;
  static_assert(d1 == d2 && batch % columns == 0 && d0 % avx512::lanes == 0);

  // Padded by a cache line: the last tile may read past the end of what it uses.
  static storage array(std::size_t n) {
    auto* p = static_cast<float*>(::operator new[]((n + 64) * sizeof(float), std::align_val_t{64}));
    std::memset(p, 0, (n + 64) * sizeof(float));
    return storage(p);
  }

  static float* at(float* p, int unit, int vector) { return p + unit * columns + avx512::lanes * vector; }

  // Leaves the errors and the activations of one slice; e and f^T are kept for learn().
  void infer(int slice, const sample& s) {
    const __m512 rate = _mm512_set1_ps(inference_rate), one = _mm512_set1_ps(1);
    float* const f0 = f0_.get();
    float* const f0_transposed = f0_transposed_.get() + std::ptrdiff_t{slice} * columns * d0;
    float *const drive = drive_.get(), *const x1 = x1_.get(), *const f1 = f1_.get(), *const x2 = x2_.get(),
                 *const f2 = f2_.get(), *const x3 = x3_.get();
    float *const e1 = e1_.get() + slice * columns * d1, *const e2 = e2_.get() + slice * columns * d2,
                 *const e3 = e3_.get() + slice * columns * d3;
    const float *const b1 = b[0].get(), *const b2 = b[1].get(), *const b3 = b[2].get();

    const float* image = s.image.data() + std::ptrdiff_t{slice} * columns * d0;
    for (int i = 0; i < d0 * columns; i += avx512::lanes)
      _mm512_store_ps(f0_transposed + i, avx512::tanh(_mm512_loadu_ps(image + i)));
    avx512::transpose(f0_transposed, columns, d0, f0, columns);
    avx512::transpose(s.digit.data() + slice * columns * d3, columns, d3, x3, columns);

    const auto start1 = [&](int i, int j, __m512 sum) {
      sum = _mm512_add_ps(sum, _mm512_set1_ps(b1[i]));
      _mm512_store_ps(at(drive, i, j), sum);
      _mm512_store_ps(at(x1, i, j), sum);
      _mm512_store_ps(at(f1, i, j), avx512::tanh(sum));
    };
    const auto start2 = [&](int i, int j, __m512 sum) {
      sum = _mm512_add_ps(sum, _mm512_set1_ps(b2[i]));
      _mm512_store_ps(at(x2, i, j), sum);
      _mm512_store_ps(at(f2, i, j), avx512::tanh(sum));
      _mm512_store_ps(at(e2, i, j), _mm512_setzero_ps());
    };
    const auto error2 = [&](int i, int j, __m512 sum) {
      const __m512 x = _mm512_sub_ps(_mm512_load_ps(at(x2, i, j)), _mm512_set1_ps(b2[i]));
      _mm512_store_ps(at(e2, i, j), _mm512_sub_ps(x, sum));
    };
    const auto error3 = [&](int i, int j, __m512 sum) {
      const __m512 x = _mm512_sub_ps(_mm512_load_ps(at(x3, i, j)), _mm512_set1_ps(b3[i]));
      _mm512_store_ps(at(e3, i, j), _mm512_sub_ps(x, sum));
    };
    const auto move1 = [&](int i, int j, __m512 pull) {
      const __m512 f = _mm512_load_ps(at(f1, i, j)), x = _mm512_load_ps(at(x1, i, j));
      const __m512 minus_e = _mm512_sub_ps(_mm512_load_ps(at(drive, i, j)), x);
      const __m512 moved =
          _mm512_fmadd_ps(rate, _mm512_fmadd_ps(_mm512_fnmadd_ps(f, f, one), pull, minus_e), x);
      _mm512_store_ps(at(x1, i, j), moved);
      _mm512_store_ps(at(f1, i, j), avx512::tanh(moved));
    };
    const auto move2 = [&](int i, int j, __m512 pull, bool keep_error) {
      const __m512 f = _mm512_load_ps(at(f2, i, j)), e = _mm512_load_ps(at(e2, i, j));
      const __m512 step = _mm512_mul_ps(rate, _mm512_fmsub_ps(_mm512_fnmadd_ps(f, f, one), pull, e));
      const __m512 moved = _mm512_add_ps(_mm512_load_ps(at(x2, i, j)), step);
      _mm512_store_ps(at(x2, i, j), moved);
      _mm512_store_ps(at(f2, i, j), avx512::tanh(moved));
      if (keep_error) _mm512_store_ps(at(e2, i, j), _mm512_add_ps(e, step));
    };

    avx512::product_then<vectors, false>(d1, d0, W[0].get(), d0, f0, columns, start1);
    avx512::product_then<vectors, false>(d2, d1, W[1].get(), d1, f1, columns, start2);
    avx512::product_then<vectors, false>(d3, d2, W[2].get(), d2, f2, columns, error3);
    for (int t = 0; t < steps; ++t) {
      const bool first = Peeled && t == 0;
      if (!first) avx512::product_then<vectors, true>(d1, d2, W[1].get(), d1, e2, columns, move1);
      avx512::product_then<vectors, true>(d2, d3, W[2].get(), d2, e3, columns,
                                          [&](int i, int j, __m512 pull) { move2(i, j, pull, first); });
      if (!first) avx512::product_then<vectors, false>(d2, d1, W[1].get(), d1, f1, columns, error2);
      avx512::product_then<vectors, false>(d3, d2, W[2].get(), d2, f2, columns, error3);
    }
    for (int i = 0; i < d1 * columns; i += avx512::lanes)
      _mm512_store_ps(e1 + i, _mm512_sub_ps(_mm512_load_ps(x1 + i), _mm512_load_ps(drive + i)));
    avx512::transpose(f1, d1, columns, f1_transposed_.get() + slice * columns * d1, d1);
    avx512::transpose(f2, d2, columns, f2_transposed_.get() + slice * columns * d2, d2);
  }

  // W_{l+1} += rate e f^T and b_{l+1} += rate * row sums of e; e is [slice][unit][32], f_transposed [batch,
  // in].
  void learn(std::size_t l, const float* e, const float* f_transposed, float rate) {
    const int in = size[l], out = size[l + 1];
    int n = 0;
    for (; in - n >= 48; n += 48) learn_columns<3>(l, e, f_transposed, n, rate);
    for (; in - n >= 32; n += 32) learn_columns<2>(l, e, f_transposed, n, rate);
    for (; in - n >= 16; n += 16) learn_columns<1>(l, e, f_transposed, n, rate);
    for (int i = 0; i < out; ++i) {
      __m512 sum = _mm512_setzero_ps();
      for (int slice = 0; slice < slices; ++slice)
        for (int j = 0; j < vectors; ++j)
          sum = _mm512_add_ps(sum, _mm512_load_ps(e + (slice * out + i) * columns + avx512::lanes * j));
      b[l][static_cast<std::size_t>(i)] += rate * _mm512_reduce_add_ps(sum);
    }
  }

  template <int Vectors>
  void learn_columns(std::size_t l, const float* e, const float* f_transposed, int n, float rate) {
    const int out = size[l + 1];
    int m = 0;
    for (; m + 8 <= out; m += 8) learn_tile<8, Vectors>(l, e, f_transposed, m, n, rate);
    for (; m + 2 <= out; m += 2) learn_tile<2, Vectors>(l, e, f_transposed, m, n, rate);
  }

  template <int Rows, int Vectors>
  void learn_tile(std::size_t l, const float* e, const float* f_transposed, int m, int n, float rate) {
    const std::ptrdiff_t in = size[l], out = size[l + 1];
    alignas(64) float sums[slices][Rows * Vectors * avx512::lanes];
    for (int slice = 0; slice < slices; ++slice)
      avx512::tile<Rows, Vectors, false>(columns, e + (slice * out + m) * columns, columns,
                                         f_transposed + slice * columns * in + n, in, sums[slice]);
    for (int i = 0; i < Rows; ++i)
      for (int j = 0; j < Vectors; ++j) {
        float* w = W[l].get() + (m + i) * in + n + avx512::lanes * j;
        __m512 sum = _mm512_setzero_ps();
        for (int slice = 0; slice < slices; ++slice)
          sum = _mm512_add_ps(sum, _mm512_load_ps(sums[slice] + (i * Vectors + j) * avx512::lanes));
        _mm512_storeu_ps(w, _mm512_fmadd_ps(_mm512_set1_ps(rate), sum, _mm512_loadu_ps(w)));
      }
  }

  storage f0_, drive_, x1_, f1_, x2_, f2_, x3_;                           // one slice
  storage e1_, e2_, e3_, f0_transposed_, f1_transposed_, f2_transposed_;  // all slices
};

}  // namespace freefall::bench::pcn

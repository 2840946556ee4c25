#pragma once
// adamw_case.hpp by hand for AVX-512, after the pattern of pcn.hpp: the batch in slices of 32 samples,
// elementwise work in the epilogue of the product before it, Adam in that of the gradient. At the
// feed-forward start only the last error is not zero, so layer l rests for the first depth - 1 - l steps.

#include <cstring>
#include <freefall/runtime/buffer.hpp>

#include "bench/adamw_case.hpp"
#include "bench/hand/avx512.hpp"

namespace freefall::bench::adamw {

class hand_network {
 public:
  explicit hand_network(const parameters& start) {
    for (std::size_t l = 0; l < depth; ++l) {
      W[l] = array(size[l + 1] * size[l]);
      b[l] = array(size[l + 1]);
      std::ranges::copy(start.W[l], W[l].data());
      std::ranges::copy(start.b[l], b[l].data());
      for (auto& m : W_moments_[l]) m = array(size[l + 1] * size[l]);
      for (auto& m : b_moments_[l]) m = array(size[l + 1]);
    }
    for (std::size_t l = 0; l <= depth; ++l) {
      x_[l] = array(size[l] * columns);
      f_[l] = array(size[l] * columns);
      e_[l] = array(size[l] * batch);
      f_transposed_[l] = array(batch * size[l]);
    }
    drive_ = array(size[1] * columns);
  }

  std::array<runtime::aligned_buffer<float>, depth> W, b;

  void train(const float* image, const float* digit) {
    for (int slice = 0; slice < batch / columns; ++slice) infer(slice, image, digit);
    ++calls_;
    correct1_ = 1 / (1 - std::pow(beta1, static_cast<float>(calls_)));
    correct2_ = 1 / (1 - std::pow(beta2, static_cast<float>(calls_)));
    for (std::size_t l = 0; l < depth; ++l) learn(l);
  }

 private:
  static constexpr int vectors = 2, columns = vectors * avx512::lanes;

  // Padded: the last tile may read past the end of what it uses.
  static runtime::aligned_buffer<float> array(int n) {
    return runtime::aligned_buffer<float>(static_cast<std::size_t>(n + 64));
  }
  static float* at(runtime::aligned_buffer<float>& a, int unit, int vector) {
    return a.data() + unit * columns + avx512::lanes * vector;
  }

  // Leaves the errors, [unit][batch], and the activations of one slice, [batch][unit].
  void infer(int slice, const float* image, const float* digit) {
    const __m512 rate = _mm512_set1_ps(inference_rate), one = _mm512_set1_ps(1);
    const auto error = [&](std::size_t l, int i, int j) {
      return e_[l].data() + i * batch + slice * columns + avx512::lanes * j;
    };
    const auto transposed = [&](std::size_t l) {
      return f_transposed_[l].data() + slice * columns * size[l];
    };

    image += slice * columns * size[0];
    for (int i = 0; i < size[0] * columns; i += avx512::lanes)
      _mm512_store_ps(transposed(0) + i, avx512::tanh(_mm512_loadu_ps(image + i)));
    avx512::transpose(transposed(0), columns, size[0], f_[0].data(), columns);
    avx512::transpose(digit + slice * columns * size[depth], columns, size[depth], x_[depth].data(), columns);

    const auto predict = [&](std::size_t l, const auto& epilogue) {
      const float* const bias = b[l - 1].data();
      avx512::product_then<vectors, false>(
          size[l], size[l - 1], W[l - 1].data(), size[l - 1], f_[l - 1].data(), columns,
          [&](int i, int j, __m512 sum) { epilogue(i, j, _mm512_add_ps(sum, _mm512_set1_ps(bias[i]))); });
    };
    const auto compare = [&](std::size_t l) {
      predict(l, [&](int i, int j, __m512 sum) {
        _mm512_store_ps(error(l, i, j), _mm512_sub_ps(_mm512_load_ps(at(x_[l], i, j)), sum));
      });
    };
    const auto move = [&](std::size_t l) {
      avx512::product_then<vectors, true>(
          size[l], size[l + 1], W[l].data(), size[l], error(l + 1, 0, 0), batch,
          [&](int i, int j, __m512 pull) {
            const __m512 f = _mm512_load_ps(at(f_[l], i, j)), x = _mm512_load_ps(at(x_[l], i, j));
            const __m512 e =
                l == 1 ? _mm512_sub_ps(x, _mm512_load_ps(at(drive_, i, j))) : _mm512_load_ps(error(l, i, j));
            const __m512 step = _mm512_fmsub_ps(_mm512_fnmadd_ps(f, f, one), pull, e);
            const __m512 moved = _mm512_fmadd_ps(rate, step, x);
            _mm512_store_ps(at(x_[l], i, j), moved);
            _mm512_store_ps(at(f_[l], i, j), avx512::tanh(moved));
          });
    };

    for (std::size_t l = 1; l < depth; ++l)
      predict(l, [&](int i, int j, __m512 sum) {
        _mm512_store_ps(at(x_[l], i, j), sum);
        if (l == 1) _mm512_store_ps(at(drive_, i, j), sum);
        _mm512_store_ps(at(f_[l], i, j), avx512::tanh(sum));
        _mm512_store_ps(error(l, i, j), _mm512_setzero_ps());
      });
    compare(depth);
    for (std::size_t t = 0; t < steps; ++t) {
      const std::size_t first = t + 2 < depth ? depth - 1 - t : 1;
      for (std::size_t l = first; l < depth; ++l) move(l);
      for (std::size_t l = std::max<std::size_t>(first, 2); l <= depth; ++l) compare(l);
    }
    for (int i = 0; i < size[1]; ++i)
      for (int j = 0; j < vectors; ++j)
        _mm512_store_ps(error(1, i, j),
                        _mm512_sub_ps(_mm512_load_ps(at(x_[1], i, j)), _mm512_load_ps(at(drive_, i, j))));
    for (std::size_t l = 1; l < depth; ++l)
      avx512::transpose(f_[l].data(), size[l], columns, transposed(l), size[l]);
  }

  // One step on 16 parameters; `sum` is minus batch times their gradient of the mean of F.
  [[gnu::always_inline]] void adam(float* w, float* m, float* v, __m512 sum, float keep) const {
    const auto all = [](float c) { return _mm512_set1_ps(c); };
    const __m512 g = _mm512_mul_ps(sum, all(-1.0F / batch));
    const __m512 first = _mm512_fmadd_ps(all(beta1), _mm512_loadu_ps(m), _mm512_mul_ps(all(1 - beta1), g));
    const __m512 second =
        _mm512_fmadd_ps(all(beta2), _mm512_loadu_ps(v), _mm512_mul_ps(all(1 - beta2), _mm512_mul_ps(g, g)));
    _mm512_storeu_ps(m, first);
    _mm512_storeu_ps(v, second);
    const __m512 root = _mm512_add_ps(_mm512_sqrt_ps(_mm512_mul_ps(second, all(correct2_))), all(epsilon));
    const __m512 step = _mm512_div_ps(_mm512_mul_ps(first, all(learning_rate * correct1_)), root);
    _mm512_storeu_ps(w, _mm512_mul_ps(all(keep), _mm512_sub_ps(_mm512_loadu_ps(w), step)));
  }

  void learn(std::size_t l) {
    const int in = size[l], out = size[l + 1];
    int n = 0;
    for (; in - n >= 48; n += 48) learn_columns<3>(l, n);
    for (; in - n >= 32; n += 32) learn_columns<2>(l, n);
    for (; in - n >= 16; n += 16) learn_columns<1>(l, n);
    alignas(64) float sums[avx512::lanes];
    for (int i = 0; i < out; i += avx512::lanes) {
      for (int k = 0; k < avx512::lanes; ++k) {
        __m512 sum = _mm512_setzero_ps();
        for (int j = 0; i + k < out && j < batch; j += avx512::lanes)
          sum = _mm512_add_ps(sum, _mm512_load_ps(e_[l + 1].data() + (i + k) * batch + j));
        sums[k] = _mm512_reduce_add_ps(sum);
      }
      adam(b[l].data() + i, b_moments_[l][0].data() + i, b_moments_[l][1].data() + i, _mm512_load_ps(sums),
           1);
    }
  }

  template <int Vectors>
  void learn_columns(std::size_t l, int n) {
    int m = 0;
    for (; m + 8 <= size[l + 1]; m += 8) learn_tile<8, Vectors>(l, m, n);
    for (; m + 2 <= size[l + 1]; m += 2) learn_tile<2, Vectors>(l, m, n);
  }

  template <int Rows, int Vectors>
  void learn_tile(std::size_t l, int m, int n) {
    avx512::tile_then<Rows, Vectors, false>(m, batch, e_[l + 1].data(), batch, f_transposed_[l].data() + n,
                                            size[l], [&](int i, int j, __m512 sum) {
                                              const int at = i * size[l] + n + avx512::lanes * j;
                                              adam(W[l].data() + at, W_moments_[l][0].data() + at,
                                                   W_moments_[l][1].data() + at, sum,
                                                   1 - learning_rate * weight_decay);
                                            });
  }

  std::array<std::array<runtime::aligned_buffer<float>, 2>, depth> W_moments_, b_moments_;
  std::array<runtime::aligned_buffer<float>, depth + 1> x_, f_, e_, f_transposed_;
  runtime::aligned_buffer<float> drive_;
  float correct1_ = 1, correct2_ = 1;
  int calls_ = 0;
};

}  // namespace freefall::bench::adamw

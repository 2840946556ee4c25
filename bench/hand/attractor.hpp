#pragma once
// attractor_case.hpp by hand for AVX-512. J lies in panels of 16, 32 or 64 rows, column by column within a
// panel, so that a panel of u sums up in registers; draws, means and the change of a panel follow at once.
//
// Delayed: the change of J is added on the way through the panel in the next step, so J goes through the
// caches once and not twice. J is a step behind until couplings() is asked for.

#include <algorithm>
#include <cstring>

#include "bench/attractor_case.hpp"
#include "bench/hand/avx512.hpp"

namespace freefall::bench::attractor {

// Philox4x32-10 for eight blocks, each word in the low half of a 64-bit lane; the uniform numbers of
// runtime::stream from an even counter on.
class philox {
 public:
  philox(std::uint64_t key, std::uint64_t id) : seed_(key), id_(id) {}

  [[gnu::always_inline]] __m512 sixteen(std::uint64_t counter) const {
    const auto all = [](std::uint64_t x) { return _mm512_set1_epi64(static_cast<long long>(x)); };
    const __m512i index = _mm512_add_epi64(all(counter / 2), _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7));
    __m512i c[4] = {index, _mm512_srli_epi64(index, 32), all(id_), all(id_ >> 32)};
    std::uint64_t key[2] = {seed_, seed_ >> 32};
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
      const __m512i first = _mm512_mul_epu32(c[0], all(0xD2511F53)),
                    second = _mm512_mul_epu32(c[2], all(0xCD9E8D57));
      const auto mix = [&](__m512i product, __m512i word, std::uint64_t k) {
        return _mm512_ternarylogic_epi64(_mm512_srli_epi64(product, 32), word, all(k), 0x96);
      };
      c[0] = mix(second, c[1], key[0]);
      c[2] = mix(first, c[3], key[1]);
      c[1] = second;
      c[3] = first;
      key[0] += 0x9E3779B9;
      key[1] += 0xBB67AE85;
    }
    const __m512i bits = _mm512_mask_blend_epi32(0xaaaa, c[1], _mm512_slli_epi64(c[3], 32));
    return _mm512_fmadd_ps(_mm512_cvtepu32_ps(_mm512_srli_epi32(bits, 9)), _mm512_set1_ps(0x1p-23F),
                           _mm512_set1_ps(0x1p-24F));
  }

 private:
  std::uint64_t seed_, id_;
};

struct drawn {
  __m512 state, mean;
};

// A draw of CB(u) and its mean: one exponential, one logarithm, two reciprocals; below 0.12 the cumulant
// series of ln(cosh u + q sinh u) / u.
[[gnu::always_inline]] inline drawn draw(__m512 u, __m512 v) {
  const auto all = [](float c) { return _mm512_set1_ps(c); };
  const __m512 one = all(1), a = _mm512_abs_ps(u), sign = _mm512_and_ps(all(-0.0F), u);
  const __mmask16 small = _mm512_cmp_ps_mask(a, all(0.12F), _CMP_LT_OQ);
  const __m512 large = _mm512_mask_mov_ps(a, small, one), inverse = avx512::reciprocal(large);
  const __m512 t = avx512::exp(_mm512_mul_ps(large, all(-2)));
  const __m512 above = _mm512_mask_sub_ps(v, _mm512_movepi32_mask(_mm512_castps_si512(u)), one, v);
  const __m512 log = avx512::log(_mm512_fmadd_ps(_mm512_sub_ps(one, above), t, above));
  drawn out;
  out.state = _mm512_xor_ps(_mm512_fmadd_ps(log, inverse, one), sign);
  const __m512 coth = _mm512_mul_ps(_mm512_add_ps(one, t), avx512::reciprocal(_mm512_sub_ps(one, t)));
  out.mean = _mm512_xor_ps(_mm512_sub_ps(coth, inverse), sign);
  if (small != 0) {
    const __m512 q = _mm512_fmsub_ps(v, all(2), one), w = _mm512_fnmadd_ps(q, q, one),
                 u2 = _mm512_mul_ps(u, u);
    const __m512 fourth =
        _mm512_mul_ps(_mm512_fmadd_ps(_mm512_mul_ps(q, q), all(6), all(-2)), all(1 / 24.0F));
    const __m512 second = _mm512_fnmadd_ps(_mm512_mul_ps(q, u2), all(1 / 3.0F), _mm512_mul_ps(u, all(0.5F)));
    const __m512 inner = _mm512_fmadd_ps(_mm512_mul_ps(fourth, u2), u, second);
    out.state = _mm512_mask_mov_ps(out.state, small, _mm512_fmadd_ps(w, inner, q));
    __m512 mean = _mm512_fmadd_ps(u2, all(2 / 945.0F), all(-1 / 45.0F));
    mean = _mm512_mul_ps(u, _mm512_fmadd_ps(u2, mean, all(1 / 3.0F)));
    out.mean = _mm512_mask_mov_ps(out.mean, small, mean);
  }
  return out;
}

template <int N, bool Delayed>
class hand_network {
 public:
  explicit hand_network(const std::vector<float>& b) { std::copy(b.begin(), b.end(), b_); }

  [[gnu::noinline]] void step() {
    const std::uint64_t first = steps_++ * N;
    for (int i = 0; i < N + 1; i += avx512::lanes)
      _mm512_store_ps(v_ + i, draws_.sixteen((first & ~std::uint64_t{1}) + static_cast<std::uint64_t>(i)));
    std::memcpy(before_, s_, sizeof s_);
    int i = 0;
    for (; i + 64 <= padded; i += 64) panel<4>(i, static_cast<int>(first % 2));
    if (padded - i >= 32) panel<2>(i, static_cast<int>(first % 2)), i += 32;
    if (padded - i >= 16) panel<1>(i, static_cast<int>(first % 2));
    if constexpr (Delayed) std::memcpy(older_, before_, sizeof before_);
  }

  const float* state() const { return s_; }
  std::vector<float> couplings() const {
    std::vector<float> out(std::size_t{N} * N);
    for (int i = 0; i < N; ++i)
      for (int j = 0; j < N; ++j) {
        const int start = i / 64 * 64, rest = padded - start;
        const int first = rest >= 64 || rest < 32 ? start : i - start < 32 ? start : start + 32;
        const int rows = rest >= 64 ? 64 : rest < 32 ? 16 : i - start < 32 ? 32 : 16;
        const float change = Delayed && i != j ? e_[i] * older_[j] : 0;
        out[static_cast<std::size_t>(i * N + j)] = J_[first * N + j * rows + i - first] + change;
      }
    return out;
  }

 private:
  static constexpr int padded = (N + 15) / 16 * 16;

  // Rows i0 .. i0 + 16 V. All columns go by twice, or once if delayed; those that hold part of the diagonal
  // leave it out.
  template <int V>
  [[gnu::noinline]] void panel(int i0, int odd) {
    float* const J = J_ + i0 * N;
    __m512 error[V], sum[2][V];
    for (int k = 0; k < V; ++k) {
      error[k] = _mm512_load_ps(e_ + i0 + 16 * k);
      sum[0][k] = _mm512_load_ps(b_ + i0 + 16 * k);
      sum[1][k] = _mm512_setzero_ps();
    }
    const auto change = [&](int j, int k, float s, bool diagonal) __attribute__((always_inline)) {
      float* const at = J + (j * V + k) * 16;
      __m512 w = _mm512_fmadd_ps(error[k], _mm512_set1_ps(s), _mm512_load_ps(at));
      const int lane = j - i0 - 16 * k;
      if (diagonal && lane >= 0 && lane < 16)
        w = _mm512_maskz_mov_ps(static_cast<__mmask16>(~(1U << lane)), w);
      _mm512_store_ps(at, w);
      return w;
    };
    const auto add = [&](int from, int to, bool diagonal) __attribute__((always_inline)) {
      const auto one = [&](int j, __m512* into) __attribute__((always_inline)) {
        const __m512 s = _mm512_set1_ps(before_[j]);
#pragma GCC unroll 4
        for (int k = 0; k < V; ++k) {
          const __m512 w = Delayed ? change(j, k, older_[j], diagonal) : _mm512_load_ps(J + (j * V + k) * 16);
          into[k] = _mm512_fmadd_ps(w, s, into[k]);
        }
      };
      int j = from;
      for (; j + 1 < to; j += 2) one(j, sum[0]), one(j + 1, sum[1]);
      if (j < to) one(j, sum[0]);
    };
    const int end = std::min(i0 + 16 * V, N);
    if (Delayed) {
      add(0, i0, false), add(i0, end, true), add(end, N, false);
    } else {
      add(0, N, false);
    }
#pragma GCC unroll 4
    for (int k = 0; k < V; ++k) {
      const int i = i0 + 16 * k;
      const drawn now = draw(_mm512_add_ps(sum[0][k], sum[1][k]), _mm512_loadu_ps(v_ + i + odd));
      const __mmask16 there = i + 16 > N ? static_cast<__mmask16>((1U << (N - i)) - 1) : 0xffff;
      error[k] =
          _mm512_maskz_mul_ps(there, _mm512_set1_ps(learning_rate), _mm512_sub_ps(now.state, now.mean));
      _mm512_store_ps(s_ + i, _mm512_maskz_mov_ps(there, now.state));
      if (Delayed) _mm512_store_ps(e_ + i, error[k]);
    }
    if (Delayed) return;
    const auto move = [&](int from, int to, bool diagonal) __attribute__((always_inline)) {
      for (int j = from; j < to; ++j)
#pragma GCC unroll 4
        for (int k = 0; k < V; ++k) change(j, k, before_[j], diagonal);
    };
    move(0, i0, false), move(i0, end, true), move(end, N, false);
  }

  alignas(64) float J_[padded * N] = {}, b_[padded] = {}, s_[padded] = {}, before_[padded] = {},
                                older_[padded] = {}, e_[padded] = {}, v_[padded + 32] = {};
  philox draws_{seed, runtime::stream_id("sigma")};
  std::uint64_t steps_ = 0;
};

}  // namespace freefall::bench::attractor

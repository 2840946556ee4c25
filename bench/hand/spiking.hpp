#pragma once
// spiking_case.hpp by hand for AVX-512: one pass moves voltages and traces and finds the winner; couplings
// lie by columns, so that a spike goes through one of them. Lanes past the last neuron have a threshold that
// is never reached.
//
// `Checked` gives the promise of a generated kernel, which the other does not: numbers that come in are
// looked at before anything is written, and what is written is looked at, down to which array holds no
// number.

#include <cstring>
#include <limits>

#include "bench/hand/avx512.hpp"
#include "bench/spiking_case.hpp"

namespace freefall::bench::spiking {

template <int N, bool Checked = false>
class hand_network {
 public:
  explicit hand_network(const setting& s) : given_(s) {
    for (int i = 0; i < padded; ++i) threshold_[i] = std::numeric_limits<float>::infinity();
    for (int i = 0; i < N; ++i) {
      const auto at = static_cast<std::size_t>(i);
      D_[0][i] = s.D[at];
      D_[1][i] = s.D[N + at];
      threshold_[i] = (D_[0][i] * D_[0][i] + D_[1][i] * D_[1][i]) / 2;
      for (int j = 0; j < N; ++j) W_[j][i] = s.W[at * N + static_cast<std::size_t>(j)];
    }
  }

  /// One tick.
  [[gnu::noinline]] const char* step(std::size_t t) { return run<1>(t); }

  /// Several, from t on. What comes in is looked at before the first, what is written behind the last.
  template <int Ticks>
  [[gnu::noinline]] const char* run(std::size_t t) {
    const float* u = given_.u.data() + 2 * t;
    const float* xi = given_.xi.data() + N * t;
    const float* nu = given_.nu.data() + N * t;
    if constexpr (Checked) {
      if (u == nullptr || xi == nullptr || nu == nullptr) return "u, xi and nu must be there";
      if (!finite(larger(largest<2 * Ticks>(u), larger(largest<N * Ticks>(xi), largest<N * Ticks>(nu)))))
        return "u, xi or nu holds no number";
    }
    __m512 written = _mm512_setzero_ps();
    for (int k = 0; k < Ticks; ++k, u += 2, xi += N, nu += N) tick(u, xi, nu, written);
    if constexpr (Checked) {
      written = larger(written, larger(largest<padded>(V_), largest<padded>(r_)));
      if (!finite(larger(written, largest<2>(x_)))) return "x, r, V or W holds no number any more";
    }
    return nullptr;
  }

  float V(std::size_t i) const { return V_[i]; }
  float r(std::size_t i) const { return r_[i]; }
  float W(std::size_t i, std::size_t j) const { return W_[j][i]; }

 private:
  static constexpr int padded = (N + 15) / 16 * 16;

  static constexpr __mmask16 there(int i) {
    return i + 16 > N ? static_cast<__mmask16>((1U << (N - i)) - 1) : 0xffff;
  }
  // As whole numbers: an infinity or a NaN is larger than any number.
  static __m512 larger(__m512 a, __m512 b) {
    return _mm512_castsi512_ps(
        _mm512_max_epi32(_mm512_castps_si512(a), _mm512_castps_si512(_mm512_abs_ps(b))));
  }
  static bool finite(__m512 largest) {
    return _mm512_reduce_max_epi32(_mm512_castps_si512(_mm512_abs_ps(largest))) < 0x7f800000;
  }
  template <int Count>
  static __m512 largest(const float* p) {
    __m512 out = _mm512_setzero_ps(), other = out;
    int i = 0;
    for (; i + 32 <= Count; i += 32) {
      out = larger(out, _mm512_loadu_ps(p + i));
      other = larger(other, _mm512_loadu_ps(p + i + 16));
    }
    for (; i < Count; i += 16) {
      const int left = Count - i;
      const auto lanes = static_cast<__mmask16>(left < 16 ? (1U << left) - 1 : 0xffff);
      out = larger(out, _mm512_maskz_loadu_ps(lanes, p + i));
    }
    return larger(out, other);
  }

  [[gnu::always_inline]] void tick(const float* u, const float* xi, const float* nu, __m512& written) {
    const __m512 keep = _mm512_set1_ps(1 - leak), u0 = _mm512_set1_ps(u[0]), u1 = _mm512_set1_ps(u[1]);
    x_[0] = (1 - leak) * x_[0] + u[0];
    x_[1] = (1 - leak) * x_[1] + u[1];
    __m512 best = _mm512_set1_ps(-std::numeric_limits<float>::infinity());
    __m512i winner = _mm512_setzero_si512(),
            at = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for (int i = 0; i < padded; i += 16) {
      __m512 v = _mm512_fmadd_ps(_mm512_load_ps(D_[0] + i), u0, _mm512_maskz_loadu_ps(there(i), xi + i));
      v = _mm512_fmadd_ps(_mm512_load_ps(D_[1] + i), u1, v);
      v = _mm512_fmadd_ps(keep, _mm512_load_ps(V_ + i), v);  // last: the next tick waits for it
      _mm512_store_ps(V_ + i, v);
      _mm512_store_ps(r_ + i, _mm512_mul_ps(keep, _mm512_load_ps(r_ + i)));
      const __m512 margin = _mm512_sub_ps(_mm512_sub_ps(v, _mm512_load_ps(threshold_ + i)),
                                          _mm512_maskz_loadu_ps(there(i), nu + i));
      const __mmask16 more = _mm512_cmp_ps_mask(margin, best, _CMP_GT_OQ);
      best = _mm512_mask_mov_ps(best, more, margin);
      winner = _mm512_mask_mov_epi32(winner, more, at);
      at = _mm512_add_epi32(at, _mm512_set1_epi32(16));
    }
    if (_mm512_cmp_ps_mask(best, _mm512_setzero_ps(), _CMP_GT_OQ) == 0) return;
    const __mmask16 highest =
        _mm512_cmp_ps_mask(best, _mm512_set1_ps(_mm512_reduce_max_ps(best)), _CMP_EQ_OQ);
    spike(static_cast<int>(_mm512_mask_reduce_min_epu32(highest, winner)), written);
  }

  void spike(int k, __m512& written) {
    r_[k] += 1;
    for (int i = 0; i < padded; i += 16) {
      const __m512 v = _mm512_load_ps(V_ + i), w = _mm512_load_ps(W_[k] + i);
      _mm512_store_ps(V_ + i, _mm512_add_ps(v, w));
      const __m512 rule = _mm512_fmadd_ps(_mm512_set1_ps(beta), w, v);
      const __m512 learned = _mm512_fnmadd_ps(_mm512_set1_ps(eta), rule, w);
      _mm512_store_ps(W_[k] + i, learned);
      if constexpr (Checked) written = larger(written, learned);
    }
  }

  const setting& given_;
  alignas(64) float D_[2][padded] = {},
                    threshold_[padded], V_[padded] = {}, r_[padded] = {}, W_[N][padded] = {};
  float x_[2] = {};
};

}  // namespace freefall::bench::spiking

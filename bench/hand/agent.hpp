#pragma once
// agent_case.hpp by hand for AVX-512. What policies have in common is computed once: 340 beliefs, not 1024, a
// row each, so that the children of four beliefs by one move are one tile. A B_a and what of G is linear in a
// belief are constants: the last level needs one product and not two.

#include <cstring>

#include "bench/agent_case.hpp"
#include "bench/hand/avx512.hpp"

namespace freefall::bench::agent {

class hand_agent {
 public:
  explicit hand_agent(const setting& given) {
    std::ranges::copy(given.first_belief, s);
    std::vector<double> entropy(states);
    for (std::size_t o = 0; o < outcomes; ++o)
      for (std::size_t i = 0; i < states; ++i) {
        const double p = static_cast<double>(given.A[o * states + i]);
        log_A_[o][i] = static_cast<float>(std::log(std::max(p, 1e-16)));
        entropy[i] -= p * std::log(std::max(p, 1e-16));
      }
    for (std::size_t a = 0; a < moves; ++a)
      for (std::size_t j = 0; j < states; ++j) {
        double linear = 0;
        for (std::size_t i = 0; i < states; ++i) {
          const float b = given.B[(a * states + i) * states + j];
          moved_[a][j][i] = b;
          linear += entropy[i] * static_cast<double>(b);
        }
        for (std::size_t o = 0; o < outcomes; ++o) {
          double q = 0;
          for (std::size_t i = 0; i < states; ++i)
            q += static_cast<double>(given.A[o * states + i]) *
                 static_cast<double>(given.B[(a * states + i) * states + j]);
          seen_[a][j][o] = static_cast<float>(q);
          linear -= q * std::log(std::max(static_cast<double>(given.wanted[o]), 1e-16));
        }
        linear_[a][j] = static_cast<float>(linear);
      }
  }

  [[gnu::noinline]] void step(std::size_t o) {
    believe(o);
    const float zero[1] = {};
    level<1>(1, s, zero, first_, G1_);
    level<4>(4, first_, G1_, second_, G2_);
    level<4>(16, second_, G2_, third_, G3_);
    level<4>(64, third_, G3_, nullptr, G);
    choose();
  }

  alignas(64) float s[states], G[policies];
  float F = 0;
  std::size_t move = 0;

 private:
  static constexpr int vectors = 4, width = 64;
  static_assert(states == width && outcomes == width);

  static __m512 log(__m512 p) { return avx512::log(_mm512_max_ps(p, _mm512_set1_ps(1e-16F))); }

  // Children of the beliefs `from`, [parents][64], by all moves: child = parent * 4 + move.
  template <int Rows>
  void level(int parents, const float* from, const float* G_from, float* to, float* G_to) {
    alignas(64) float out[Rows * width];
    for (int a = 0; a < static_cast<int>(moves); ++a) {
      __m512 linear[vectors];
      for (int k = 0; k < vectors; ++k) linear[k] = _mm512_load_ps(linear_[a] + 16 * k);
      for (int p = 0; p < parents; p += Rows) {
        const float* const x = from + p * width;
        avx512::tile<Rows, vectors, false>(width, x, width, seen_[a][0], width, out);
        for (int r = 0; r < Rows; ++r) {
          __m512 sum = _mm512_setzero_ps();
#pragma GCC unroll 4
          for (int k = 0; k < vectors; ++k) {
            const __m512 q = _mm512_load_ps(out + r * width + 16 * k);
            sum = _mm512_fmadd_ps(q, log(q), sum);
            sum = _mm512_fmadd_ps(linear[k], _mm512_load_ps(x + r * width + 16 * k), sum);
          }
          G_to[(p + r) * 4 + a] = G_from[p + r] + _mm512_reduce_add_ps(sum);
        }
        if (to == nullptr) continue;
        avx512::tile<Rows, vectors, false>(width, x, width, moved_[a][0], width, out);
        for (int r = 0; r < Rows; ++r)
          std::memcpy(to + ((p + r) * 4 + a) * width, out + r * width, width * sizeof(float));
      }
    }
  }

  // F at the exact posterior is minus the logarithm of the evidence.
  void believe(std::size_t o) {
    alignas(64) float predicted[width];
    avx512::tile<1, vectors, false>(width, s, width, moved_[move][0], width, predicted);
    __m512 value[vectors], largest = _mm512_set1_ps(-1e30F), sum = _mm512_setzero_ps();
    for (int k = 0; k < vectors; ++k) {
      value[k] = _mm512_add_ps(_mm512_load_ps(log_A_[o] + 16 * k), log(_mm512_load_ps(predicted + 16 * k)));
      largest = _mm512_max_ps(largest, value[k]);
    }
    const float top = _mm512_reduce_max_ps(largest);
    for (int k = 0; k < vectors; ++k) {
      value[k] = avx512::exp(_mm512_sub_ps(value[k], _mm512_set1_ps(top)));
      sum = _mm512_add_ps(sum, value[k]);
    }
    const float all = _mm512_reduce_add_ps(sum);
    for (int k = 0; k < vectors; ++k)
      _mm512_store_ps(s + 16 * k, _mm512_mul_ps(value[k], _mm512_set1_ps(1 / all)));
    F = -(top + std::log(all));
  }

  void choose() {
    __m512 least = _mm512_load_ps(G);
    for (std::size_t i = 16; i < policies; i += 16) least = _mm512_min_ps(least, _mm512_load_ps(G + i));
    const __m512 lowest = _mm512_set1_ps(_mm512_reduce_min_ps(least));
    std::array<float, moves> first{};
    for (std::size_t a = 0; a < moves; ++a) {
      __m512 sum = _mm512_setzero_ps();
      for (std::size_t i = 0; i < policies / moves; i += 16) {
        const __m512 above = _mm512_sub_ps(_mm512_load_ps(G + a * policies / moves + i), lowest);
        sum = _mm512_add_ps(
            sum, avx512::exp(_mm512_mul_ps(_mm512_set1_ps(-static_cast<float>(policy_precision)), above)));
      }
      first[a] = _mm512_reduce_add_ps(sum);
    }
    move = static_cast<std::size_t>(std::ranges::max_element(first) - first.begin());
  }

  // Columns of B_a and A B_a, contiguous.
  alignas(64) float moved_[moves][states][width], seen_[moves][states][width], log_A_[outcomes][states],
      linear_[moves][states], first_[4 * width], second_[16 * width], third_[64 * width];
  float G1_[4], G2_[16], G3_[64];
};

}  // namespace freefall::bench::agent

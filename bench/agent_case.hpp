#pragma once
// What every candidate of agent_bench computes, and the numbers it works on: an agent with 64 hidden states,
// 64 outcomes, 4 moves and policies of 4 moves, all 256 of them. One step, after move a and outcome o:
//
//   belief    s' = softmax(ln A_o + ln B_a s),  F = sum_i s'_i (ln s'_i - ln A_oi - ln (B_a s)_i)
//   policies  G = sum over the steps of sum_o q_o (ln q_o - ln C_o) + sum_i x_i H_i
//             with x the belief under the policy, q = A x, H_i = -sum_o A_oi ln A_oi
//   move      the most probable first move under softmax(-gamma G)
//
// ln p is ln max(p, 1e-16). `plain` follows the equations with scalar loops and libm, policy after policy: in
// double the exact answer, in float what C++ alone brings.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <freefall/runtime/random.hpp>
#include <vector>

namespace freefall::bench::agent {

inline constexpr std::size_t states = 64, outcomes = 64, moves = 4, horizon = 4, policies = 256;
inline constexpr double policy_precision = 4;
inline constexpr std::size_t observations = 64;

struct setting {
  // Row-major: A[outcome][state], B[move][state][state before].
  std::vector<float> A, B, wanted, first_belief;
  std::array<std::size_t, observations> outcome;

  setting() {
    A = columns(outcomes, states, 1);
    for (std::size_t a = 0; a < moves; ++a) {
      const auto b = columns(states, states, 2 + a);
      B.insert(B.end(), b.begin(), b.end());
    }
    wanted = columns(outcomes, 1, 10);
    first_belief = columns(states, 1, 11);
    for (std::size_t t = 0; t < observations; ++t)
      outcome[t] = runtime::stream(1, "outcome").word(t) % outcomes;
  }

 private:
  // Distributions in the columns, a few large probabilities in each and none zero.
  static std::vector<float> columns(std::size_t rows, std::size_t count, std::uint64_t id) {
    std::vector<float> p(rows * count);
    runtime::stream(1, id).fill_normal<float>(p);
    for (float& x : p) x = std::exp(2 * x);
    for (std::size_t j = 0; j < count; ++j) {
      double sum = 0;
      for (std::size_t i = 0; i < rows; ++i) sum += static_cast<double>(p[i * count + j]);
      for (std::size_t i = 0; i < rows; ++i)
        p[i * count + j] = static_cast<float>(static_cast<double>(p[i * count + j]) / sum);
    }
    return p;
  }
};

template <class T>
class plain {
 public:
  explicit plain(const setting& given)
      : s(given.first_belief.begin(), given.first_belief.end()),
        G(policies),
        A_(given.A.begin(), given.A.end()),
        B_(given.B.begin(), given.B.end()) {
    for (const float c : given.wanted) log_wanted_.push_back(log(static_cast<T>(c)));
    for (const T p : A_) log_A_.push_back(log(p));
    for (std::size_t i = 0; i < states; ++i) {
      T sum = 0;
      for (std::size_t o = 0; o < outcomes; ++o) sum -= A_[o * states + i] * log_A_[o * states + i];
      entropy_.push_back(sum);
    }
  }

  void step(std::size_t o) {
    believe(o);
    for (std::size_t policy = 0; policy < policies; ++policy) G[policy] = expected(policy);
    const T least = *std::ranges::min_element(G);
    std::array<T, moves> first{};
    for (std::size_t policy = 0; policy < policies; ++policy)
      first[policy * moves / policies] += std::exp(-static_cast<T>(policy_precision) * (G[policy] - least));
    move = static_cast<std::size_t>(std::ranges::max_element(first) - first.begin());
  }

  std::vector<T> s, G;  // policy = ((first * 4 + second) * 4 + third) * 4 + fourth
  T F = 0;
  std::size_t move = 0;

 private:
  static T log(T p) { return std::log(std::max(p, T(1e-16))); }

  void believe(std::size_t o) {
    const std::vector<T> predicted = times(B_.data() + move * states * states, states, s);
    const T* const seen = log_A_.data() + o * states;
    std::vector<T> value(states);
    for (std::size_t i = 0; i < states; ++i) value[i] = seen[i] + log(predicted[i]);
    const T largest = *std::ranges::max_element(value);
    T sum = 0;
    for (std::size_t i = 0; i < states; ++i) sum += s[i] = std::exp(value[i] - largest);
    F = 0;
    for (std::size_t i = 0; i < states; ++i) {
      s[i] /= sum;
      F += s[i] * (log(s[i]) - value[i]);
    }
  }

  T expected(std::size_t policy) const {
    std::vector<T> x = s;
    T sum = 0;
    for (std::size_t t = 0, rest = policies; t < horizon; ++t) {
      rest /= moves;
      x = times(B_.data() + policy / rest % moves * states * states, states, x);
      const std::vector<T> q = times(A_.data(), outcomes, x);
      for (std::size_t o = 0; o < outcomes; ++o) sum += q[o] * (log(q[o]) - log_wanted_[o]);
      for (std::size_t i = 0; i < states; ++i) sum += x[i] * entropy_[i];
    }
    return sum;
  }

  static std::vector<T> times(const T* m, std::size_t rows, const std::vector<T>& x) {
    std::vector<T> out(rows);
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < states; ++j) out[i] += m[i * states + j] * x[j];
    return out;
  }

  std::vector<T> A_, B_, log_A_, log_wanted_, entropy_;
};

}  // namespace freefall::bench::agent

#pragma once
// A self-organising attractor network of continuous states, written by hand. Eigen and the hand-written
// continuous Bernoulli (CB, see continuous_bernoulli.hpp for phi, L, L') only; shares no code with the
// compiler.
//
// n states sigma_i in [-1, 1], couplings J (J_ij from j to i, zero diagonal, J need not be symmetric),
// evidence b and inverse temperature beta. Each state has a conditional,
//
//   p(sigma_i | the others) = CB(u_i),   u_i = beta (b_i + h_i),   h = J sigma,
//
// and a posterior q_i = CB(v) of its own, hence a free energy of its own (nats, all constants kept)
//
//   F_i(v) = E_q[ln q_i - ln p(sigma_i | the others)] = (v - u_i) L(v) - phi(v) + phi(u_i) = KL(CB(v) ||
//   CB(u_i))
//          = KL(CB(v) || CB(beta b_i))  -  beta h_i L(v)  +  phi(u_i) - phi(beta b_i)
//            complexity                    accuracy          free of v
//   dF_i/dv = (v - u_i) L'(v),  F_i'' = L'(u_i) > 0 at the minimum v = u_i, where F_i = 0.
//
// So inference is exact in one step, v = u_i: a state is replaced by a draw of CB(u_i) (sampling) or by its
// mean L(u_i) (settling). No energy exists for asymmetric J. For symmetric J the stationary law of sampling
// one state after another is exp(beta (b . sigma + sigma' J sigma / 2)) / Z, and that of sampling all at once
// exp(beta b . sigma + sum_i phi(beta (b_i + (J sigma)_i))) / Z (Little 1974; Peretto 1984): not the same.
//
// Learning descends the surprise of the new state under a prediction made without evidence and at beta = 1,
//
//   S = sum_i -ln CB(sigma_i; h_i),   h = J sigma',   -dS/dJ_ij = (sigma_i - L(h_i)) sigma'_j,
//
// where sigma' is the state before (a prediction in time) or the state itself (the pseudo-likelihood). The
// published simulations take neither gradient as it stands: they predict from the state before and multiply
// by the state now, `rule_a` below, and only this one makes the attractors orthogonal.
//
// Spisak and Friston 2025, eq 11-28, and its public code.

#include <Eigen/Dense>
#include <cmath>
#include <span>
#include <stdexcept>
#include <string>

#include "models/reference/continuous_bernoulli.hpp"
#include "models/reference/optimiser.hpp"

namespace freefall::by_hand::attractor {

namespace cb = continuous_bernoulli;

// Which state a factor of the learning rule reads.
enum class moment { previous, present };

// J_ij += rate (sigma_i - L((J sigma[prediction])_i)) sigma[presynaptic]_j,  i != j.
struct learning_rule {
  moment prediction, presynaptic;
};
inline constexpr learning_rule rule_a{moment::previous, moment::present};            // the published code
inline constexpr learning_rule pseudo_likelihood{moment::present, moment::present};  // eq 25; a gradient
inline constexpr learning_rule next_state{moment::previous, moment::previous};       // a gradient

// Elementwise L.
template <class Scalar>
column<Scalar> mean(const column<Scalar>& natural) {
  return natural.unaryExpr([](Scalar u) { return cb::mean(u); });
}

template <class Scalar>
class network {
 public:
  // n >= 1 states, everything zero, beta = 1.
  explicit network(Eigen::Index n) {
    if (n < 1)
      throw std::invalid_argument("attractor: the number of states: expected at least 1, found " +
                                  std::to_string(n));
    J.setZero(n, n);
    bias.setZero(n);
    state.setZero(n);
    previous.setZero(n);
  }

  matrix<Scalar> J;         // [n, n]; keep its diagonal zero
  column<Scalar> bias;      // the evidence b
  Scalar beta = 1;          // inverse temperature, of inference only
  column<Scalar> state;     // sigma
  column<Scalar> previous;  // sigma before the last sample() or settle()

  Eigen::Index size() const { return state.size(); }

  // u_i at the present state.
  Scalar natural(Eigen::Index i) const { return beta * (bias(i) + J.row(i).dot(state)); }
  column<Scalar> natural() const { return beta * (bias + J * state); }

  // F_i(v) and its parts.
  Scalar local_free_energy(Eigen::Index i, Scalar v) const { return cb::divergence(v, natural(i)); }
  Scalar local_gradient(Eigen::Index i, Scalar v) const { return (v - natural(i)) * cb::variance(v); }
  Scalar local_complexity(Eigen::Index i, Scalar v) const { return cb::divergence(v, beta * bias(i)); }
  Scalar local_accuracy(Eigen::Index i, Scalar v) const { return beta * J.row(i).dot(state) * cb::mean(v); }

  // The minimum of F_i in closed form.
  Scalar fixed_point(Eigen::Index i) const { return natural(i); }

  // Draws every state at once from its conditional given the old states; u[i] in (0, 1) is the draw of
  // state i.
  void sample(std::span<const Scalar> u) {
    require(u);
    replace_all([&](Eigen::Index i, Scalar b) { return cb::sample(b, u[std::size_t(i)]); });
  }
  // Draws state order[0], then order[1] given it, and so on; u[k] is the draw of order[k]. A fixed scan has
  // order 0 .. n - 1, a random scan any n states.
  void sample(std::span<const Scalar> u, std::span<const Eigen::Index> order) {
    require(u);
    replace_each(order, [&](std::size_t k, Scalar b) { return cb::sample(b, u[k]); });
  }

  // The same with means for draws.
  void settle() {
    replace_all([](Eigen::Index, Scalar b) { return cb::mean(b); });
  }
  void settle(std::span<const Eigen::Index> order) {
    replace_each(order, [](std::size_t, Scalar b) { return cb::mean(b); });
  }

  // S of the header comment.
  Scalar surprise(moment prediction) const {
    const column<Scalar> h = J * at(prediction);
    Scalar sum = 0;
    for (Eigen::Index i = 0; i < size(); ++i) sum += cb::surprise(state(i), h(i));
    return sum;
  }

  void learn(const learning_rule& rule, Scalar rate) {
    const column<Scalar> error = state - mean<Scalar>(J * at(rule.prediction));
    J.noalias() += rate * error * at(rule.presynaptic).transpose();
    J.diagonal().setZero();
  }

  // Mean-field free energy of q = prod_i CB(v_i) under the joint exp(beta (b . sigma + sigma' J sigma / 2)) /
  // Z, without ln Z: only the symmetric part of J counts. dF/dv_i = (v_i - beta (b + J_sym m)_i) L'(v_i), m =
  // L(v).
  Scalar mean_field_energy(const column<Scalar>& v) const {
    const column<Scalar> m = mean<Scalar>(v);
    Scalar negative_entropy = 0;
    for (Eigen::Index i = 0; i < size(); ++i) negative_entropy -= cb::entropy(v(i));
    return negative_entropy - beta * (bias.dot(m) + m.dot(J * m) / 2);
  }

  // The number the published figures plot as "VFE", of the present state, beta left out:
  //   sum_i KL(CB(v_i) || CB(b_i)) - b . m - m' J m,   v = b + J sigma,  m = L(v).
  // It sums the accuracies of the nodes, so each pair counts twice and b . m both here and in the
  // complexity; not the free energy of anything, kept for comparison.
  Scalar published_monitor() const {
    const column<Scalar> v = bias + J * state;
    const column<Scalar> m = mean<Scalar>(v);
    Scalar complexity = 0;
    for (Eigen::Index i = 0; i < size(); ++i) complexity += cb::divergence(v(i), bias(i));
    return complexity - bias.dot(m) - m.dot(J * m);
  }

 private:
  const column<Scalar>& at(moment m) const { return m == moment::previous ? previous : state; }

  void require(std::span<const Scalar> u) const {
    if (Eigen::Index(u.size()) != size())
      throw std::invalid_argument("attractor: draws: expected " + std::to_string(size()) + ", found " +
                                  std::to_string(u.size()));
  }

  template <class Replace>
  void replace_all(Replace by) {
    const column<Scalar> u = natural();
    previous = state;
    for (Eigen::Index i = 0; i < size(); ++i) state(i) = by(i, u(i));
  }

  template <class Replace>
  void replace_each(std::span<const Eigen::Index> order, Replace by) {
    if (Eigen::Index(order.size()) != size())
      throw std::invalid_argument("attractor: states in a scan: expected " + std::to_string(size()) +
                                  ", found " + std::to_string(order.size()));
    previous = state;
    for (std::size_t k = 0; k < order.size(); ++k) state(order[k]) = by(k, natural(order[k]));
  }
};

}  // namespace freefall::by_hand::attractor

#pragma once
// Learning the tables of a discrete chain by counting, written by hand. Eigen only; shares no code with the
// compiler.
//
// x_0 ~ D, x_t ~ B^{u_t} x_{t-1}, o_t ~ A x_t, one state factor and one modality; the columns of A and B^u,
// and D, have Dirichlet priors with counts a, b^u, d. The posterior is a product of q(x_t) = Cat(s_t) and of
// Dirichlets with counts a', b'^u, d'. With <ln A> = psi(a'_ij) - psi(sum_i a'_ij) and likewise <ln B>, <ln
// D>, the free energy (nats, all constants kept) is
//
//   F = sum_t s_t . ln s_t - s_0 . <ln D> - sum_t s_t . <ln A>[o_t, :] - sum_{t>0} s_t . <ln B^{u_t}> s_{t-1}
//       + sum_j KL[Dir(a'_j) || Dir(a_j)] + sum_{u,j} KL[Dir(b'^u_j) || Dir(b^u_j)] + KL[Dir(d') || Dir(d)].
//
// It is stationary, and least, in one belief or in one table of counts at
//
//   s_t = softmax(<ln A>[o_t, :] + <ln B^{u_t}> s_{t-1} + <ln B^{u_{t+1}}>' s_{t+1})    (<ln D> for t = 0)
//   a'  = a + sum_t o_t s_t',   b'^u = b^u + sum_{t: u_t = u} s_t s_{t-1}',   d' = d + s_0.
//
// <ln B> s is the expected log; ln(B s) belongs to the filter of reference.hpp. Not the same.
//
// Friston et al. 2017; Beal 2003, chapter 3 (hidden Markov models).

#include <stdexcept>
#include <string>
#include <vector>

#include "models/reference/categorical.hpp"

namespace freefall::by_hand::tmaze {

template <class Scalar>
struct counts {
  matrix<Scalar> a;               // [O, X]
  std::vector<matrix<Scalar>> b;  // [X, X] each
  column<Scalar> d;               // [X]
};

// Columnwise psi(a_ij) - psi(sum_i a_ij).
template <class Scalar>
matrix<Scalar> mean_log(const matrix<Scalar>& a) {
  matrix<Scalar> result(a.rows(), a.cols());
  for (Eigen::Index j = 0; j < a.cols(); ++j) result.col(j) = dirichlet_mean_log<Scalar>(a.col(j));
  return result;
}

// Sum over columns of KL[Dir(q_j) || Dir(p_j)].
template <class Scalar>
Scalar column_divergence(const matrix<Scalar>& q, const matrix<Scalar>& p) {
  Scalar sum = 0;
  for (Eigen::Index j = 0; j < q.cols(); ++j) sum += dirichlet_divergence<Scalar>(q.col(j), p.col(j));
  return sum;
}

// What a prediction teaches about A on average: sum_{x,o} q(x) E[A_ox] KL[Dir(a_x + e_o) || Dir(a_x)].
template <class Scalar>
Scalar novelty(const matrix<Scalar>& a, const column<Scalar>& s) {
  Scalar sum = 0;
  for (Eigen::Index x = 0; x < a.cols(); ++x)
    for (Eigen::Index o = 0; o < a.rows(); ++o)
      sum += s(x) * a(o, x) / a.col(x).sum() * dirichlet_one_count<Scalar>(a.col(x), o);
  return sum;
}

template <class Scalar>
class chain {
 public:
  // observations o_0 .. o_T and actions u_1 .. u_T. Beliefs start uniform, the posterior at the prior.
  chain(counts<Scalar> prior, std::vector<Eigen::Index> observations, std::vector<Eigen::Index> actions)
      : posterior(prior), prior_(std::move(prior)), o_(std::move(observations)), u_(std::move(actions)) {
    if (o_.size() != u_.size() + 1)
      throw std::invalid_argument("tmaze: actions of a chain: expected " + std::to_string(o_.size() - 1) +
                                  ", found " + std::to_string(u_.size()));
    const auto X = posterior.d.size();
    s.assign(o_.size(), column<Scalar>::Constant(X, Scalar(1) / Scalar(X)));
  }

  counts<Scalar> posterior;       // a', b', d'
  std::vector<column<Scalar>> s;  // s_0 .. s_T

  Scalar free_energy() const {
    const matrix<Scalar> A = mean_log(posterior.a);
    Scalar sum = -s[0].dot(dirichlet_mean_log(posterior.d)) + dirichlet_divergence(posterior.d, prior_.d) +
                 column_divergence(posterior.a, prior_.a);
    for (std::size_t u = 0; u < prior_.b.size(); ++u) sum += column_divergence(posterior.b[u], prior_.b[u]);
    for (std::size_t t = 0; t < s.size(); ++t) {
      sum -= entropy(s[t]) + A.row(o_[t]).dot(s[t]);
      if (t > 0) sum -= s[t].dot(mean_log(posterior.b[std::size_t(u_[t - 1])]) * s[t - 1]);
    }
    return sum;
  }

  // s_t at its minimum given everything else.
  void believe(std::size_t t) {
    column<Scalar> logits = mean_log(posterior.a).row(o_[t]).transpose();
    if (t == 0)
      logits += dirichlet_mean_log(posterior.d);
    else
      logits += mean_log(posterior.b[std::size_t(u_[t - 1])]) * s[t - 1];
    if (t + 1 < s.size()) logits += mean_log(posterior.b[std::size_t(u_[t])]).transpose() * s[t + 1];
    s[t] = softmax(logits);
  }

  // All counts at their minimum given the beliefs.
  void count() {
    posterior = prior_;
    posterior.d += s[0];
    for (std::size_t t = 0; t < s.size(); ++t) {
      posterior.a.row(o_[t]) += s[t].transpose();
      if (t > 0) posterior.b[std::size_t(u_[t - 1])] += s[t] * s[t - 1].transpose();
    }
  }

 private:
  counts<Scalar> prior_;
  std::vector<Eigen::Index> o_, u_;
};

}  // namespace freefall::by_hand::tmaze

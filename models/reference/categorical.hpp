#pragma once
// Closed forms of the categorical and Dirichlet distributions for the hand-written references. Eigen, and
// Boost.Math for the digamma function; shares no code with the compiler.
//
// 0 ln 0 = 0 throughout; a divergence from p to q is +infinity where p > 0 and q = 0. Natural logarithms.
// Exponentials and logarithms are those of the C library: Eigen's vectorised exp(-infinity) is 1e-308, not 0.

#include <Eigen/Dense>
#include <boost/math/special_functions/digamma.hpp>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "models/reference/optimiser.hpp"

namespace freefall::by_hand {

// p ln q; 0 where p = 0.
template <class Scalar>
Scalar p_log(Scalar p, Scalar q) {
  return p == 0 ? Scalar(0) : p * std::log(q);
}

// sum_i p_i ln q_i
template <class Scalar>
Scalar expected_log(const column<Scalar>& p, const column<Scalar>& q) {
  Scalar sum = 0;
  for (Eigen::Index i = 0; i < p.size(); ++i) sum += p_log(p(i), q(i));
  return sum;
}

template <class Scalar>
Scalar entropy(const column<Scalar>& p) {
  return -expected_log(p, p);
}

// KL(p || q). q need not be normalised; then the result may be negative.
template <class Scalar>
Scalar divergence(const column<Scalar>& p, const column<Scalar>& q) {
  return expected_log(p, p) - expected_log(p, q);
}

// Elementwise logarithm, minus infinity at 0.
template <class Scalar>
column<Scalar> log(const column<Scalar>& p) {
  return p.unaryExpr([](Scalar x) { return std::log(x); });
}

// ln sum_i exp(v_i); entries may be -infinity, all of them too.
template <class Scalar>
Scalar log_sum_exp(const column<Scalar>& v) {
  const Scalar top = v.maxCoeff();
  if (top == -std::numeric_limits<Scalar>::infinity()) return top;
  return top + std::log(v.unaryExpr([top](Scalar x) { return std::exp(x - top); }).sum());
}

// exp(v_i) / sum_j exp(v_j). One sign throughout: a posterior over costs is softmax(-cost).
template <class Scalar>
column<Scalar> softmax(const column<Scalar>& v) {
  const Scalar top = v.maxCoeff();
  if (!std::isfinite(top)) throw std::domain_error("softmax: no entry is possible (all are minus infinity)");
  const column<Scalar> e = v.unaryExpr([top](Scalar x) { return std::exp(x - top); });
  return e / e.sum();
}

// Derivative of KL(softmax(l) || p) in l: q_i (ln q_i - ln p_i - KL).
template <class Scalar>
column<Scalar> divergence_gradient(const column<Scalar>& logits, const column<Scalar>& p) {
  const column<Scalar> q = softmax(logits);
  const Scalar whole = divergence(q, p);
  column<Scalar> gradient(q.size());
  for (Eigen::Index i = 0; i < q.size(); ++i)
    gradient(i) = p_log(q(i), q(i)) - p_log(q(i), p(i)) - q(i) * whole;
  return gradient;
}

// ---- Dirichlet, counts a > 0, a_0 their sum

// E[ln theta_i] = psi(a_i) - psi(a_0)
template <class Scalar>
column<Scalar> dirichlet_mean_log(const column<Scalar>& a) {
  const Scalar whole = boost::math::digamma(a.sum());
  return a.unaryExpr([whole](Scalar count) { return boost::math::digamma(count) - whole; });
}

// ln of the normaliser prod_i Gamma(a_i) / Gamma(a_0); its gradient is dirichlet_mean_log.
template <class Scalar>
Scalar dirichlet_log_normaliser(const column<Scalar>& a) {
  Scalar sum = -std::lgamma(a.sum());
  for (Eigen::Index i = 0; i < a.size(); ++i) sum += std::lgamma(a(i));
  return sum;
}

// KL(Dir(a) || Dir(b)): the Bregman divergence of the log normaliser.
template <class Scalar>
Scalar dirichlet_divergence(const column<Scalar>& a, const column<Scalar>& b) {
  return dirichlet_log_normaliser(b) - dirichlet_log_normaliser(a) + (a - b).dot(dirichlet_mean_log(a));
}

// KL(Dir(a + e_k) || Dir(a)) = ln a_0 - ln a_k + psi(a_k + 1) - psi(a_0 + 1): what one count teaches.
template <class Scalar>
Scalar dirichlet_one_count(const column<Scalar>& a, Eigen::Index k) {
  const Scalar whole = a.sum();
  return std::log(whole) - std::log(a(k)) + boost::math::digamma(a(k) + 1) - boost::math::digamma(whole + 1);
}

}  // namespace freefall::by_hand

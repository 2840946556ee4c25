#pragma once
// A spiking autoencoder: a network whose spikes are the steps of a greedy descent, written by hand. Eigen
// only; shares no code with the compiler.
//
// A signal x in R^J is read out of N filtered spike trains r as D r (D is [J, N]). Under x ~ N(D r, 1) and
// the prior p(r) ~ exp(-nu 1.r - mu/2 r.r) a point mass on r has the free energy (nats, constants left out)
//
//   E(r) = |x - D r|^2 / 2 + nu sum_i r_i + mu/2 |r|^2.
//
// r only falls by itself, r' = -lambda r, and rises by one where a neuron fires. With e = x - D r and D_i the
// i-th column, one spike changes E by
//
//   E(r + e_i) - E(r) = -(D_i . e - mu r_i) + (|D_i|^2 + mu)/2 + nu  =  T_i - V_i,
//   V_i = D_i . e - mu r_i   (voltage),   T_i = (|D_i|^2 + mu)/2 + nu   (threshold):
//
// firing lowers E iff V_i > T_i, and lowers it most for the largest V_i - T_i. Let F = D' ([N, J]) and
// x' = -lambda x + s. Both r and x leak at lambda, so
//
//   V' = -lambda V + F s + W o,   W = -F D - mu I,   o the spikes:
//
// leaky integrate-and-fire neurons with fast couplings W, whose diagonal is the reset: W_ii = -2 (T_i - nu).
//
// The couplings can be learned from the voltages alone. At a spike of j, for every i,
//
//   W_ij -= rate (V_i + beta W_ij),   V just before the spike:
//
// the descent of sum_i (V_i + beta W_ij)^2 / (2 beta) at given V, the regression of the voltages on the
// spiking neuron. It rests where W_ij = -E[V_i | j fires] / beta; at threshold V_j = |F_j|^2 / 2, hence E[e |
// j fires] = F_j / 2 for isotropic errors and W = -F F' / (2 beta). beta a little over 1/2 is stable.
//
// Bourdoukan and Deneve 2015, eq 1 and 2; Boerlin, Machens and Deneve 2013.
//
// Time goes in steps of dt. advance(): x, r and V each times (1 - lambda dt), x += dt s, V += dt F s + noise.
// fire(): the spikes of the step; each raises r and moves V at once. So without noise V = F (x - D r) - mu r
// holds after each, and the three forms below spike alike.

#include <Eigen/Dense>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "models/reference/optimiser.hpp"

namespace freefall::by_hand::spiking_autoencoder {

// How V is kept. functional: computed from x and r. feedback: neurons without couplings, each driven by
// F (s - D o), the error of the read-out, and its own reset -mu. recurrent: by F s + W o, with whatever W
// holds.
enum class form { functional, feedback, recurrent };

// one_winner: at most one spike a step, of the neuron furthest above its threshold.
// drain: that again and again until no neuron is above its threshold.
enum class policy { one_winner, drain };

template <class Scalar>
struct constants {
  Scalar leak = 50;                            // lambda, 1/s
  Scalar step = 1e-4;                          // dt, s
  Scalar linear_cost = 0, quadratic_cost = 0;  // nu, mu
};

template <class Scalar>
struct voltage_rule {
  Scalar rate, beta;
};

template <class Scalar>
class network {
 public:
  // D = weights', W at its optimum, x = r = V = 0. weights is F, [N, J].
  explicit network(matrix<Scalar> weights, form kept_as = form::recurrent, constants<Scalar> with = {})
      : F(std::move(weights)), kept(kept_as), c(with) {
    if (F.size() == 0) throw std::invalid_argument("spiking_autoencoder: the weights are empty");
    if (!(c.step > 0) || !(c.leak >= 0) || !(c.leak * c.step < 1))
      throw std::invalid_argument("spiking_autoencoder: step * leak: expected in [0, 1), found " +
                                  std::to_string(c.step * c.leak));
    W = optimal_couplings();
    threshold = (F.rowwise().squaredNorm().array() + c.quadratic_cost) / 2 + c.linear_cost;
    x.setZero(F.cols());
    r.setZero(F.rows());
    V.setZero(F.rows());
  }

  matrix<Scalar> F;
  form kept;
  constants<Scalar> c;
  matrix<Scalar> W;          // [N, N], W_ij from j to i; read by the recurrent form only
  column<Scalar> threshold;  // T
  column<Scalar> x, r, V;

  matrix<Scalar> optimal_couplings() const {
    matrix<Scalar> optimum = -F * F.transpose();
    optimum.diagonal().array() -= c.quadratic_cost;
    return optimum;
  }

  column<Scalar> decoded() const { return F.transpose() * r; }

  Scalar energy(const column<Scalar>& at) const {
    return (x - F.transpose() * at).squaredNorm() / 2 + c.linear_cost * at.sum() +
           c.quadratic_cost / 2 * at.squaredNorm();
  }
  Scalar energy() const { return energy(r); }

  // E(r + e_i) - E(r), by its definition.
  Scalar energy_change(Eigen::Index i) const {
    column<Scalar> after = r;
    after(i) += 1;
    return energy(after) - energy(r);
  }

  // The voltages that x and r imply.
  column<Scalar> implied_voltage() const { return F * (x - decoded()) - c.quadratic_cost * r; }

  // One step of time under the input s; noise is added to V (not by the functional form, whose V has no
  // memory).
  void advance(const column<Scalar>& s, const column<Scalar>& noise) {
    require(s.size() == F.cols(), "numbers in the input", F.cols(), s.size());
    const Scalar kept_fraction = 1 - c.leak * c.step;
    x = kept_fraction * x + c.step * s;
    r *= kept_fraction;
    if (kept == form::functional) {
      V = implied_voltage();
    } else {
      require(noise.size() == F.rows(), "numbers in the noise", F.rows(), noise.size());
      V = kept_fraction * V + c.step * (F * s) + noise;
    }
  }
  void advance(const column<Scalar>& s) { advance(s, column<Scalar>::Zero(F.rows())); }

  // The spikes of this step in the order they fall, the thresholds raised by `raised` ([N]); each is learned
  // from if there is a rule, after it has moved V by the couplings it found.
  std::vector<Eigen::Index> fire(policy how, const column<Scalar>& raised,
                                 const voltage_rule<Scalar>* rule = nullptr) {
    require(raised.size() == F.rows(), "numbers in the threshold noise", F.rows(), raised.size());
    if (rule && kept != form::recurrent)
      throw std::invalid_argument("spiking_autoencoder: only the recurrent form has couplings to learn");
    std::vector<Eigen::Index> fired;
    for (;;) {
      Eigen::Index k = 0;
      if (!((V - threshold - raised).maxCoeff(&k) > 0)) break;
      spike(k, rule);
      fired.push_back(k);
      if (how == policy::one_winner) break;
      if (Eigen::Index(fired.size()) > 1000 * F.rows())
        throw std::runtime_error(
            "spiking_autoencoder: more than 1000 spikes per neuron in one step: the couplings "
            "of neuron " +
            std::to_string(k) + " excite");
    }
    return fired;
  }
  std::vector<Eigen::Index> fire(policy how) { return fire(how, column<Scalar>::Zero(F.rows())); }

 private:
  static void require(bool holds, const char* what, Eigen::Index expected, Eigen::Index found) {
    if (holds) return;
    throw std::invalid_argument("spiking_autoencoder: " + std::string(what) + ": expected " +
                                std::to_string(expected) + ", found " + std::to_string(found));
  }

  void spike(Eigen::Index k, const voltage_rule<Scalar>* rule) {
    const column<Scalar> before = V;
    r(k) += 1;
    switch (kept) {
      case form::functional: V = implied_voltage(); break;
      case form::feedback:
        V -= F * F.row(k).transpose();
        V(k) -= c.quadratic_cost;
        break;
      case form::recurrent: V += W.col(k); break;
    }
    if (rule) W.col(k) -= rule->rate * (before + rule->beta * W.col(k));
  }
};

// |W - k W*|^2 / |W|^2 with the scale k = tr(W' W*) / |W*|^2 that fits best, a distance that leaves the scale
// out (Brendel et al. 2020); and k itself.
template <class Scalar>
struct coupling_fit {
  Scalar distance, scale;
};
template <class Scalar>
coupling_fit<Scalar> compare(const matrix<Scalar>& W, const matrix<Scalar>& optimum) {
  const Scalar scale = W.cwiseProduct(optimum).sum() / optimum.squaredNorm();
  return {(W - scale * optimum).squaredNorm() / W.squaredNorm(), scale};
}

// Error of a read-out over time: sum_j var(x_j - xhat_j) / sum_j var(x_j), and the same with the constant
// factor on xhat that fits best.
template <class Scalar>
class decoder_error {
 public:
  void add(const column<Scalar>& x, const column<Scalar>& decoded) {
    if (count_++ == 0) {
      x_sum_ = decoded_sum_ = column<Scalar>::Zero(x.size());
    }
    x_sum_ += x;
    decoded_sum_ += decoded;
    xx_ += x.squaredNorm();
    xd_ += x.dot(decoded);
    dd_ += decoded.squaredNorm();
  }

  Scalar value(Scalar factor = 1) const {
    return (power() - 2 * factor * shared() + factor * factor * read()) / power();
  }
  Scalar best_factor() const { return shared() / read(); }

 private:
  // The sums less their means, divided by the count.
  Scalar power() const { return (xx_ - x_sum_.squaredNorm() / count_) / count_; }
  Scalar shared() const { return (xd_ - x_sum_.dot(decoded_sum_) / count_) / count_; }
  Scalar read() const { return (dd_ - decoded_sum_.squaredNorm() / count_) / count_; }

  Scalar count_ = 0, xx_ = 0, xd_ = 0, dd_ = 0;
  column<Scalar> x_sum_, decoded_sum_;
};

}  // namespace freefall::by_hand::spiking_autoencoder

#pragma once
// Filtering in generalised coordinates of motion, written by hand. Eigen only; shares no code with the
// compiler.
//
// A state in generalised coordinates is mu~ = (mu, mu', .., mu^(N-1)), N orders of X components, stored order
// by order: element n X + i is component i of order n. D moves every order down by one, (D mu~)^(n) =
// mu^(n+1), and the last order has no successor: (D mu~)^(N-1) = 0.
//
// A map f acts on it by local linearity: products of derivatives are dropped,
//
//   f~(mu~) = (f(mu), J mu', J mu'', ..),   J = df/dx at mu,   and its Jacobian is taken as  I_N (x) J.
//
// Observations o~ (N orders of O components) and one of two priors, with errors
//
//   e_o = o~ - f~(mu~)
//   static prior:   e_x = mu~ - g~(c~),       c~ a given cause in generalised coordinates
//   dynamic prior:  e_x = D mu~ - h~(mu~),    hidden motion x' = h(x) + w
//
// and F = e_o' Pi~_o e_o / 2 + e_x' Pi~_x e_x / 2 - ln|Pi~_o| / 2 - ln|Pi~_x| / 2 + (dimensions)/2 ln 2pi, so
//
//   dF/dmu~ = -J_f~' Pi~_o e_o + { Pi~_x e_x | (D - J_h~)' Pi~_x e_x }
//   mu~' = D mu~ - dF/dmu~        (stationary in the moving frame: mu~' = D mu~, not mu~' = 0)
//
// Friston, Trujillo-Barreto and Daunizeau 2008 (DEM); Friston et al 2010 (generalised filtering); Millidge
// 2021, eq 3.10-3.15, with the Jacobian and the sign that the gradient of F has.

#include <Eigen/Cholesky>
#include <cmath>
#include <functional>
#include <numbers>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "models/reference/optimiser.hpp"

namespace freefall::by_hand::generalised_filter {

// A function with its Jacobian.
template <class Scalar>
struct differentiable {
  std::function<column<Scalar>(const column<Scalar>&)> value;
  std::function<matrix<Scalar>(const column<Scalar>&)> jacobian;
};

// Kronecker product: block (i, j) of the result is a(i, j) b.
template <class Scalar>
matrix<Scalar> kronecker(const matrix<Scalar>& a, const matrix<Scalar>& b) {
  matrix<Scalar> out(a.rows() * b.rows(), a.cols() * b.cols());
  for (Eigen::Index i = 0; i < a.rows(); ++i)
    for (Eigen::Index j = 0; j < a.cols(); ++j)
      out.block(i * b.rows(), j * b.cols(), b.rows(), b.cols()) = a(i, j) * b;
  return out;
}

// D, [orders * components, orders * components].
template <class Scalar>
matrix<Scalar> shift(Eigen::Index orders, Eigen::Index components) {
  matrix<Scalar> up = matrix<Scalar>::Zero(orders, orders);
  for (Eigen::Index n = 0; n + 1 < orders; ++n) up(n, n + 1) = 1;
  return kronecker<Scalar>(up, matrix<Scalar>::Identity(components, components));
}

// S, the covariance of a unit-variance stationary process and its derivatives up to order N - 1, for the
// autocorrelation rho(h) = exp(-h^2 / (2 s^2)), s the smoothness in units of time. Differentiating
// E[w(t + h) w(t)] = rho(h) i times by the first time and j times by the second gives
// S_ij = (-1)^j rho^(i+j)(0): zero for odd i + j, else (-1)^{j + (i+j)/2} (i + j - 1)!! / s^{i+j}.
template <class Scalar>
matrix<Scalar> temporal_covariance(Eigen::Index orders, Scalar smoothness) {
  matrix<Scalar> S = matrix<Scalar>::Zero(orders, orders);
  for (Eigen::Index i = 0; i < orders; ++i)
    for (Eigen::Index j = i % 2; j < orders; j += 2) {
      Scalar moment = 1;
      for (Eigen::Index k = i + j - 1; k > 1; k -= 2) moment *= Scalar(k);
      const bool negative = (j + (i + j) / 2) % 2 != 0;
      S(i, j) = (negative ? -moment : moment) / std::pow(smoothness, Scalar(i + j));
    }
  return S;
}

// S^{-1} (x) Pi: the precision of generalised noise whose order 0 has precision Pi.
template <class Scalar>
matrix<Scalar> generalised_precision(Eigen::Index orders, Scalar smoothness, const matrix<Scalar>& Pi) {
  const matrix<Scalar> S = temporal_covariance(orders, smoothness);
  return kronecker<Scalar>(S.llt().solve(matrix<Scalar>::Identity(orders, orders)), Pi);
}

template <class Scalar>
struct static_prior {
  differentiable<Scalar> g;
  column<Scalar> cause;  // c~
};

template <class Scalar>
struct dynamic_prior {
  differentiable<Scalar> h;
};

template <class Scalar>
class filter {
 public:
  // `orders` N >= 1, `components` X. mu~ starts at zero. Pi_o is [N O, N O]. Without a prior F has no e_x
  // terms.
  filter(Eigen::Index orders, Eigen::Index components, differentiable<Scalar> observe, matrix<Scalar> Pi_o)
      : mu(column<Scalar>::Zero(orders * components)),
        orders_(orders),
        components_(components),
        D_(shift<Scalar>(orders, components)),
        f_(std::move(observe)),
        Pi_o_(std::move(Pi_o)) {
    require(Pi_o_, orders * f_.value(head(mu)).size(), "Pi_o");
  }

  void set_prior(static_prior<Scalar> prior, matrix<Scalar> Pi_x) {
    require(Pi_x, mu.size(), "Pi_x");
    static_ = std::move(prior);
    dynamic_.reset();
    Pi_x_ = std::move(Pi_x);
  }
  void set_prior(dynamic_prior<Scalar> prior, matrix<Scalar> Pi_x) {
    require(Pi_x, mu.size(), "Pi_x");
    dynamic_ = std::move(prior);
    static_.reset();
    Pi_x_ = std::move(Pi_x);
  }

  column<Scalar> mu;         // mu~
  bool moving_frame = true;  // false leaves D mu~ out of the velocity: plain descent on F

  // F at mu~ with every Jacobian taken at `linearised` (order 0, [X]); its derivative by mu~ at
  // linearised = mu is gradient(). Pi_o and Pi_x must be positive definite.
  Scalar energy(const column<Scalar>& o, const column<Scalar>& linearised) const {
    const auto part = [](const column<Scalar>& e, const matrix<Scalar>& Pi) -> Scalar {
      return (e.dot(Pi * e) - 2 * Pi.llt().matrixLLT().diagonal().array().log().sum() +
              Scalar(e.size()) * std::log(2 * std::numbers::pi_v<Scalar>)) /
             2;
    };
    Scalar sum = part(observation_error(o, linearised), Pi_o_);
    if (static_ || dynamic_) sum += part(state_error(linearised), Pi_x_);
    return sum;
  }
  Scalar energy(const column<Scalar>& o) const { return energy(o, head(mu)); }

  column<Scalar> observation_error(const column<Scalar>& o) const { return observation_error(o, head(mu)); }
  column<Scalar> state_error() const { return state_error(head(mu)); }

  // dF/dmu~ under local linearity.
  column<Scalar> gradient(const column<Scalar>& o) const {
    column<Scalar> sum = -(lifted_jacobian(f_).transpose() * (Pi_o_ * observation_error(o)));
    if (static_) sum += Pi_x_ * state_error();
    if (dynamic_) sum += (D_ - lifted_jacobian(dynamic_->h)).transpose() * (Pi_x_ * state_error());
    return sum;
  }

  // mu~' at the present mu~.
  column<Scalar> velocity(const column<Scalar>& o) const {
    column<Scalar> v = -gradient(o);
    if (moving_frame) v += D_ * mu;
    return v;
  }

  // `steps` Euler steps of dt / steps with o~ held.
  void step(const column<Scalar>& o, Scalar dt, int steps = 1) {
    for (int k = 0; k < steps; ++k) mu += dt / Scalar(steps) * velocity(o);
  }

 private:
  static void require(const matrix<Scalar>& found, Eigen::Index n, const char* what) {
    if (found.rows() == n && found.cols() == n) return;
    throw std::invalid_argument("generalised_filter: " + std::string(what) + ": expected [" +
                                std::to_string(n) + ", " + std::to_string(n) + "], found [" +
                                std::to_string(found.rows()) + ", " + std::to_string(found.cols()) + "]");
  }

  column<Scalar> head(const column<Scalar>& generalised) const { return generalised.head(components_); }

  // The orders of x~ through a map whose Jacobian is J.
  column<Scalar> lift(const differentiable<Scalar>& map, const matrix<Scalar>& J,
                      const column<Scalar>& x) const {
    const Eigen::Index in = x.size() / orders_, out = J.rows();
    column<Scalar> y(orders_ * out);
    y.head(out) = map.value(x.head(in));
    for (Eigen::Index n = 1; n < orders_; ++n) y.segment(n * out, out) = J * x.segment(n * in, in);
    return y;
  }

  matrix<Scalar> lifted_jacobian(const differentiable<Scalar>& map) const {
    return kronecker<Scalar>(matrix<Scalar>::Identity(orders_, orders_), map.jacobian(head(mu)));
  }

  column<Scalar> observation_error(const column<Scalar>& o, const column<Scalar>& linearised) const {
    return o - lift(f_, f_.jacobian(linearised), mu);
  }

  column<Scalar> state_error(const column<Scalar>& linearised) const {
    if (dynamic_) return D_ * mu - lift(dynamic_->h, dynamic_->h.jacobian(linearised), mu);
    const Eigen::Index in = static_->cause.size() / orders_;
    return mu - lift(static_->g, static_->g.jacobian(static_->cause.head(in)), static_->cause);
  }

  Eigen::Index orders_, components_;
  matrix<Scalar> D_;
  differentiable<Scalar> f_;
  matrix<Scalar> Pi_o_, Pi_x_;
  std::optional<static_prior<Scalar>> static_;
  std::optional<dynamic_prior<Scalar>> dynamic_;
};

}  // namespace freefall::by_hand::generalised_filter

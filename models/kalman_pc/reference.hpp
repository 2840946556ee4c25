#pragma once
// Filtering as predictive coding, written by hand: the Kalman filter, the iterated extended Kalman filter and
// the descent on the one-step free energy that should reach them. Eigen only; shares no code with the
// compiler.
//
//   x_t = f(x_{t-1}, u_t) + w,  w ~ N(0, Sigma_w),   x in R^n, u in R^p
//   o_t = g(x_t) + z,           z ~ N(0, Sigma_z),   o in R^m;        linear: f = A x + B u, g = C x
//
// The belief over x_{t-1} is N(mean, covariance). Before o_t is seen it predicts mu_p = f(mean, u_t). With
// the errors e_z = o - g(mu), e_x = mu - mu_p and the precisions Pi_z = Sigma_z^{-1}, Pi_x of the prediction,
// the free energy of a point mass at mu is (nats, all constants kept)
//
//   F(mu) = e_z' Pi_z e_z / 2 + e_x' Pi_x e_x / 2 - ln|Pi_z| / 2 - ln|Pi_x| / 2 + (m + n)/2 ln 2pi
//   dF/dmu = Pi_x e_x - G' Pi_z e_z,   G = dg/dx at mu.
//
// Setting it to zero in the linear case: mu = (C' Pi_z C + Pi_x)^{-1} (C' Pi_z o + Pi_x mu_p). With the
// Riccati precision Pi_x = (A S A' + Sigma_w)^{-1}, S the covariance of the last belief, this is the
// information form of the Kalman update. With a constant Pi_x it is a filter that forgets how sure it was of
// the last state.
//
// Sources: Kalman 1960; Bell and Cathey 1993 (the iterated extended Kalman update is Gauss-Newton on F);
// Millidge 2021, eq 3.22-3.32 with the precisions and signs of the functional above.

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "models/reference/optimiser.hpp"

namespace freefall::by_hand::kalman_pc {

template <class Scalar>
struct belief {
  column<Scalar> mean;        // [n]
  matrix<Scalar> covariance;  // [n, n], positive definite
};

template <class Scalar>
struct linear_model {
  matrix<Scalar> A;        // [n, n]
  matrix<Scalar> B;        // [n, p]
  matrix<Scalar> C;        // [m, n]
  matrix<Scalar> Sigma_w;  // [n, n], covariance of the state noise
  matrix<Scalar> Sigma_z;  // [m, m], covariance of the sensor noise
};

// f and g with their Jacobians by x.
template <class Scalar>
struct nonlinear_model {
  std::function<column<Scalar>(const column<Scalar>& x, const column<Scalar>& u)> f;
  std::function<matrix<Scalar>(const column<Scalar>& x, const column<Scalar>& u)> f_jacobian;  // [n, n]
  std::function<column<Scalar>(const column<Scalar>& x)> g;
  std::function<matrix<Scalar>(const column<Scalar>& x)> g_jacobian;  // [m, n]
  matrix<Scalar> Sigma_w, Sigma_z;
};

template <class Scalar>
nonlinear_model<Scalar> as_functions(const linear_model<Scalar>& k) {
  return {
      [k](const column<Scalar>& x, const column<Scalar>& u) -> column<Scalar> { return k.A * x + k.B * u; },
      [k](const column<Scalar>&, const column<Scalar>&) { return k.A; },
      [k](const column<Scalar>& x) -> column<Scalar> { return k.C * x; },
      [k](const column<Scalar>&) { return k.C; },
      k.Sigma_w,
      k.Sigma_z};
}

template <class Scalar>
matrix<Scalar> inverse(const matrix<Scalar>& positive) {
  return positive.llt().solve(matrix<Scalar>::Identity(positive.rows(), positive.cols()));
}

// One step of the Kalman filter: the belief over x_t given the belief over x_{t-1}, the input and o_t.
template <class Scalar>
belief<Scalar> kalman_step(const linear_model<Scalar>& k, const belief<Scalar>& before,
                           const column<Scalar>& u, const column<Scalar>& o) {
  const column<Scalar> predicted = k.A * before.mean + k.B * u;
  const matrix<Scalar> P = k.A * before.covariance * k.A.transpose() + k.Sigma_w;
  const matrix<Scalar> innovation = k.C * P * k.C.transpose() + k.Sigma_z;
  const matrix<Scalar> K = innovation.llt().solve(k.C * P).transpose();  // P C' innovation^{-1}
  return {predicted + K * (o - k.C * predicted), P - K * k.C * P};
}

// One step of the iterated extended Kalman filter. Iterate i linearises g at mu_i,
//   mu_{i+1} = mu_p + K_i (o - g(mu_i) - G_i (mu_p - mu_i)),   K_i = P G_i' (G_i P G_i' + Sigma_z)^{-1},
// from mu_0 = mu_p; one iteration is the extended Kalman filter. The covariance is that of the G at the
// result.
template <class Scalar>
belief<Scalar> iterated_extended_kalman_step(const nonlinear_model<Scalar>& k, const belief<Scalar>& before,
                                             const column<Scalar>& u, const column<Scalar>& o,
                                             int iterations) {
  const column<Scalar> predicted = k.f(before.mean, u);
  const matrix<Scalar> J = k.f_jacobian(before.mean, u);
  const matrix<Scalar> P = J * before.covariance * J.transpose() + k.Sigma_w;
  const auto gain = [&](const matrix<Scalar>& G) -> matrix<Scalar> {
    const matrix<Scalar> innovation = G * P * G.transpose() + k.Sigma_z;
    return innovation.llt().solve(G * P).transpose();
  };
  column<Scalar> mean = predicted;
  for (int i = 0; i < iterations; ++i) {
    const matrix<Scalar> G = k.g_jacobian(mean);
    mean = predicted + gain(G) * (o - k.g(mean) - G * (predicted - mean));
  }
  const matrix<Scalar> G = k.g_jacobian(mean);
  return {mean, P - gain(G) * G * P};
}

// What the prediction's precision is.
enum class precision_rule {
  constant,  // Pi_x = Sigma_w^{-1} at every step
  riccati    // Pi_x = (f_x S f_x' + Sigma_w)^{-1}, S the covariance of the last belief
};

// Anchored is descent on F. Unanchored is an override and descends on nothing: the state error is taken from
// the iterate's own prediction, e_x = mu - f(mu, u), and the descent starts at the last mean. It is what the
// code published with Millidge 2021 does.
enum class prior_rule { anchored, unanchored };

template <class Scalar>
struct settings {
  precision_rule precision = precision_rule::riccati;
  prior_rule prior = prior_rule::anchored;
  int steps = 0;  // descent steps for each observation
  // Absent: 1 / lambda_max of G' Pi_z G + Pi_x, at the point where the descent starts.
  std::optional<Scalar> rate = std::nullopt;
};

template <class Scalar>
class filter {
 public:
  // Throws std::invalid_argument if a covariance is not square or does not fit the belief.
  filter(nonlinear_model<Scalar> model, belief<Scalar> start, settings<Scalar> how)
      : model_(std::move(model)), how_(how), belief_(std::move(start)) {
    const auto n = belief_.mean.size();
    require(belief_.covariance, n, "the covariance of the first belief");
    require(model_.Sigma_w, n, "Sigma_w");
    require(model_.Sigma_z, model_.g(belief_.mean).size(), "Sigma_z");
    Pi_z_ = inverse(model_.Sigma_z);
    Pi_x_ = inverse(model_.Sigma_w);
  }
  filter(const linear_model<Scalar>& model, belief<Scalar> start, settings<Scalar> how)
      : filter(as_functions(model), std::move(start), how) {}

  const belief<Scalar>& state() const { return belief_; }
  const column<Scalar>& predicted() const { return predicted_; }        // mu_p
  const matrix<Scalar>& prediction_precision() const { return Pi_x_; }  // Pi_x

  // Prediction, descent with the steps and the rate of the settings, covariance.
  void step(const column<Scalar>& u, const column<Scalar>& o) {
    predict(u);
    relax(o, how_.steps);
    measure();
  }

  // Prediction, stationary point of F, covariance: step() with infinitely many steps. Anchored only.
  void settled_step(const column<Scalar>& u, const column<Scalar>& o) {
    if (how_.prior != prior_rule::anchored)
      throw std::invalid_argument("kalman_pc: settled_step minimises F, which the unanchored rule does not");
    predict(u);
    settle(o);
    measure();
  }

  // Sets mu_p and Pi_x, and the mean to where the descent starts.
  void predict(const column<Scalar>& u) {
    input_ = u;
    predicted_ = model_.f(belief_.mean, u);
    if (how_.precision == precision_rule::riccati) {
      const matrix<Scalar> J = model_.f_jacobian(belief_.mean, u);
      Pi_x_ = inverse<Scalar>(J * belief_.covariance * J.transpose() + model_.Sigma_w);
    }
    if (how_.prior == prior_rule::anchored) belief_.mean = predicted_;
  }

  // `steps` steps mean -= rate * dF/dmu.
  void relax(const column<Scalar>& o, int steps) {
    const Scalar rate = how_.rate ? *how_.rate : 1 / largest_curvature();
    for (int i = 0; i < steps; ++i) belief_.mean -= rate * gradient(belief_.mean, o);
  }

  // Gauss-Newton on F until the step is lost in rounding; one step is exact if g is linear.
  void settle(const column<Scalar>& o) {
    for (int i = 0; i < 100; ++i) {
      const column<Scalar> move = curvature(belief_.mean).llt().solve(gradient(belief_.mean, o));
      belief_.mean -= move;
      if (move.norm() <= 4 * std::numeric_limits<Scalar>::epsilon() * (1 + belief_.mean.norm())) return;
    }
  }

  // Laplace: the covariance is the inverse of the Gauss-Newton Hessian of F at the mean.
  void measure() { belief_.covariance = inverse<Scalar>(curvature(belief_.mean)); }

  Scalar energy(const column<Scalar>& mu, const column<Scalar>& o) const {
    const column<Scalar> e_z = o - model_.g(mu), e_x = mu - predicted_;
    const auto log_determinant = [](const matrix<Scalar>& positive) -> Scalar {
      return 2 * positive.llt().matrixLLT().diagonal().array().log().sum();
    };
    return (e_z.dot(Pi_z_ * e_z) + e_x.dot(Pi_x_ * e_x) - log_determinant(Pi_z_) - log_determinant(Pi_x_) +
            Scalar(e_z.size() + e_x.size()) * std::log(2 * std::numbers::pi_v<Scalar>)) /
           2;
  }

  // dF/dmu, or what the unanchored rule puts in its place.
  column<Scalar> gradient(const column<Scalar>& mu, const column<Scalar>& o) const {
    const column<Scalar> centre = how_.prior == prior_rule::anchored ? predicted_ : model_.f(mu, input_);
    return Pi_x_ * (mu - centre) - model_.g_jacobian(mu).transpose() * (Pi_z_ * (o - model_.g(mu)));
  }

  // G' Pi_z G + Pi_x. In the linear case the descent converges if rate < 2 / its largest eigenvalue.
  matrix<Scalar> curvature(const column<Scalar>& mu) const {
    const matrix<Scalar> G = model_.g_jacobian(mu);
    return G.transpose() * Pi_z_ * G + Pi_x_;
  }

 private:
  static void require(const matrix<Scalar>& found, Eigen::Index n, const char* what) {
    if (found.rows() == n && found.cols() == n) return;
    throw std::invalid_argument("kalman_pc: " + std::string(what) + ": expected [" + std::to_string(n) +
                                ", " + std::to_string(n) + "], found [" + std::to_string(found.rows()) +
                                ", " + std::to_string(found.cols()) + "]");
  }

  Scalar largest_curvature() const {
    return Eigen::SelfAdjointEigenSolver<matrix<Scalar>>(curvature(belief_.mean), Eigen::EigenvaluesOnly)
        .eigenvalues()
        .maxCoeff();
  }

  nonlinear_model<Scalar> model_;
  settings<Scalar> how_;
  belief<Scalar> belief_;
  column<Scalar> input_, predicted_;
  matrix<Scalar> Pi_x_, Pi_z_;
};

}  // namespace freefall::by_hand::kalman_pc

#pragma once
// Unsupervised predictive coding of images, written by hand. Eigen only; shares no code with the compiler.
//
// An image x of D pixels is generated from a latent z of K numbers,
//
//   z ~ N(0, 1/pi_z),   p = sigmoid(W z + b),   x ~ N(p, 1/pi),
//
// q(z) is a point mass, and one sample has the free energy (nats, all constants kept)
//
//   F = pi/2 |x - p|^2 - D/2 ln pi + D/2 ln 2pi  +  pi_z/2 |z|^2 - K/2 ln pi_z + K/2 ln 2pi.
//
// pi_z = 0 means a flat prior, p(z) = 1: the factor of z contributes nothing, its constants included.
// With g = p .* (1 - p) .* pi (x - p) the derivatives are
//
//   dF/dz = pi_z z - W' g,   dF/dW = -g z',   dF/db = -g,
//   dF/dpi = |x - p|^2 / 2 - D / (2 pi),   dF/dpi_z = |z|^2 / 2 - K / (2 pi_z).
//
// That of z is kept per sample; the others are of the batch mean of F.
// Rao and Ballard 1999; Millidge 2021, eq 3.6-3.9 with two levels and the digit model of section 3.3.
//
// Storage: x is [batch, D], z is [batch, K], W is [D, K], b is [1, D], all row-major.

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

#include "models/reference/optimiser.hpp"

namespace freefall::by_hand::pcn_generative {

template <class Scalar>
class network {
 public:
  // W, b and optimiser state start at zero. With bias = false, b stays as it is.
  network(Eigen::Index pixels, Eigen::Index latents, Scalar latent_precision, bool with_bias = true)
      : prior_precision(latent_precision), bias(with_bias) {
    if (pixels < 1 || latents < 1) throw std::invalid_argument("pcn_generative: sizes must be positive");
    if (!(latent_precision >= 0))
      throw std::invalid_argument("pcn_generative: the prior precision is negative");
    W.resize(pixels, latents);
    b.resize(1, pixels);
  }

  Scalar precision = 1;    // pi > 0
  Scalar prior_precision;  // pi_z >= 0, 0 = flat
  bool bias;               // whether learn() moves b
  parameter<matrix<Scalar>> W;
  parameter<row<Scalar>> b;

  matrix<Scalar> x;           // image, given
  matrix<Scalar> z;           // latent
  matrix<Scalar> prediction;  // p
  matrix<Scalar> error;       // x - p
  matrix<Scalar> g;           // p (1 - p) pi (x - p)
  matrix<Scalar> z_gradient;  // dF/dz, per sample
  Scalar precision_gradient = 0;
  Scalar prior_precision_gradient = 0;  // 0 under a flat prior

  // Gives the images and starts z at its prior mean, zero (also under a flat prior).
  void begin(const matrix<Scalar>& image) {
    begin(image, matrix<Scalar>::Zero(image.rows(), W.value.cols()));
  }

  // Gives the images and starts z at a stated value.
  void begin(const matrix<Scalar>& image, const matrix<Scalar>& start) {
    require(image.cols() == W.value.rows(), "columns of the image", W.value.rows(), image.cols());
    require(start.cols() == W.value.cols(), "columns of the latent", W.value.cols(), start.cols());
    require(start.rows() == image.rows(), "rows of the latent (rows of the image)", image.rows(),
            start.rows());
    x = image;
    z = start;
  }

  // `steps` Euler steps z -= rate * dF/dz from the present z. Leaves the predictions of the final z.
  void infer(int steps, Scalar rate) {
    evaluate();
    for (int step = 0; step < steps; ++step) {
      differentiate_latent();
      z -= rate * z_gradient;
      evaluate();
    }
  }

  // Prediction, error and g at the present z and parameters.
  void evaluate() {
    prediction.noalias() = z * W.value.transpose();
    prediction.rowwise() += b.value;
    prediction = (1 + (-prediction.array()).exp()).inverse();
    error = x - prediction;
    g = precision * error.array() * prediction.array() * (1 - prediction.array());
  }

  // evaluate(), then every gradient of the header comment.
  void differentiate() {
    evaluate();
    differentiate_latent();
    differentiate_parameters();
  }

  // One optimiser step on W, and on b unless bias is false, at the present z.
  void learn(const optimiser& method) {
    evaluate();
    differentiate_parameters();
    W.step(method);
    if (bias) b.step(method);
  }

  // F summed over the batch at the present z and parameters, nats.
  Scalar energy() {
    evaluate();
    Scalar sum = gaussian(precision, error);
    if (prior_precision > 0) sum += gaussian(prior_precision, z);
    return sum;
  }

  Scalar mean_energy() { return energy() / Scalar(x.rows()); }

  // The images the latents of the rows of `latent` stand for, [rows, D].
  matrix<Scalar> generate(const matrix<Scalar>& latent) const {
    require(latent.cols() == W.value.cols(), "columns of the latent", W.value.cols(), latent.cols());
    matrix<Scalar> p = latent * W.value.transpose();
    p.rowwise() += b.value;
    return (1 + (-p.array()).exp()).inverse();
  }

  // Mean over the batch and the pixels of (x - p)^2 at the present z.
  Scalar reconstruction_error() {
    evaluate();
    return error.squaredNorm() / Scalar(error.size());
  }

 private:
  static void require(bool holds, const char* what, Eigen::Index expected, Eigen::Index found) {
    if (holds) return;
    throw std::invalid_argument("pcn_generative: " + std::string(what) + ": expected " +
                                std::to_string(expected) + ", found " + std::to_string(found));
  }

  // -ln N(residual; 0, 1/pi), summed over the elements of residual.
  static Scalar gaussian(Scalar pi, const matrix<Scalar>& residual) {
    return (pi * residual.squaredNorm() +
            Scalar(residual.size()) * (std::log(2 * std::numbers::pi_v<Scalar>) - std::log(pi))) /
           2;
  }

  void differentiate_latent() {
    z_gradient = prior_precision * z;
    z_gradient.noalias() -= g * W.value;
  }

  void differentiate_parameters() {
    const auto n = Scalar(x.rows());
    W.gradient.noalias() = (-1 / n) * (g.transpose() * z);
    b.gradient = (-1 / n) * g.colwise().sum();
    precision_gradient = (error.squaredNorm() / n - Scalar(x.cols()) / precision) / 2;
    prior_precision_gradient =
        prior_precision > 0 ? (z.squaredNorm() / n - Scalar(z.cols()) / prior_precision) / 2 : Scalar(0);
  }
};

}  // namespace freefall::by_hand::pcn_generative

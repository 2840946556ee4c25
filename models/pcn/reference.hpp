#pragma once
// Supervised hierarchical predictive coding, written by hand. Eigen only; shares no code with the compiler.
//
// Levels 0 .. L of sizes d_0 .. d_L. x_0 is the image and x_L the label, both given; x_1 .. x_{L-1} are
// latent, each with a point-mass posterior. Level l >= 1 is predicted from the level below it,
//
//   a_l = W_l x_{l-1} + b_l,   p_l = f_l(a_l),   x_l ~ N(p_l, 1/pi_l),
//
// and one sample has the free energy (nats, all constants kept)
//
//   F = sum_{l=1}^{L} [ pi_l/2 |x_l - p_l|^2 - d_l/2 ln pi_l + d_l/2 ln 2pi ].
//
// With g_l = f_l'(a_l) .* pi_l (x_l - p_l) its derivatives are
//
//   dF/dx_l  = pi_l (x_l - p_l) - W_{l+1}' g_{l+1}      (first term absent for l = 0, second for l = L)
//   dF/dW_l  = -g_l x_{l-1}',   dF/db_l = -g_l,   dF/dpi_l = |x_l - p_l|^2 / 2 - d_l / (2 pi_l).
//
// Those of x are kept per sample; those of W, b and pi are of the batch mean of F.
// Whittington and Bogacz 2017; Millidge 2021, eq 3.6-3.9 and 3.37 (which number the levels from the label
// down).
//
// Storage: x is [batch, feature], W_l is [d_l, d_{l-1}], b_l is [1, d_l], all row-major.

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

#include "models/reference/optimiser.hpp"

namespace freefall::by_hand::pcn {

// relu has derivative 0 at 0.
enum class activation { identity, tanh, relu };

template <class Scalar>
struct level {
  Scalar precision = 1;                 // pi_l > 0
  activation f = activation::identity;  // f_l
  parameter<matrix<Scalar>> W;
  parameter<row<Scalar>> b;
  Scalar precision_gradient = 0;  // dF/dpi_l

  matrix<Scalar> x;           // activity
  matrix<Scalar> a;           // pre-activation of the prediction
  matrix<Scalar> prediction;  // p_l
  matrix<Scalar> error;       // x_l - p_l
  matrix<Scalar> g;           // f_l'(a_l) .* pi_l (x_l - p_l)
  matrix<Scalar> x_gradient;  // dF/dx_l, per sample
};

template <class Scalar>
class network {
 public:
  // sizes = {d_0, .., d_L}, L >= 1. Weights, biases and optimiser state start at zero, precisions at one.
  explicit network(const std::vector<Eigen::Index>& sizes, activation hidden = activation::tanh,
                   activation output = activation::identity)
      : levels(sizes.size()) {
    if (sizes.size() < 2) throw std::invalid_argument("pcn: needs the sizes of two levels at least");
    for (std::size_t l = 0; l < sizes.size(); ++l) {
      if (sizes[l] < 1)
        throw std::invalid_argument("pcn: the size of level " + std::to_string(l) + " is not positive");
      levels[l].x.resize(0, sizes[l]);
      if (l == 0) continue;
      levels[l].f = l == top() ? output : hidden;
      levels[l].W.resize(sizes[l], sizes[l - 1]);
      levels[l].b.resize(1, sizes[l]);
    }
  }

  // levels[l] is level l of the equations. W, b, precision, f and x may be set by hand; the rest is derived.
  // levels[0] has only x and x_gradient.
  std::vector<level<Scalar>> levels;

  std::size_t top() const { return levels.size() - 1; }
  Eigen::Index batch() const { return levels[0].x.rows(); }

  // Gives the image and the label, and sets every latent level to its prediction.
  void forward(const matrix<Scalar>& image, const matrix<Scalar>& label) {
    require(image.cols() == levels[0].x.cols(), "columns of the image", levels[0].x.cols(), image.cols());
    require(label.cols() == levels[top()].W.value.rows(), "columns of the label",
            levels[top()].W.value.rows(), label.cols());
    require(label.rows() == image.rows(), "rows of the label (rows of the image)", image.rows(),
            label.rows());
    levels[0].x = image;
    levels[top()].x = label;
    for (std::size_t l = 1; l < top(); ++l) {
      predict_level(l);
      levels[l].x = levels[l].prediction;
    }
  }

  // Feed-forward start, then `steps` simultaneous Euler steps x_l -= rate * dF/dx_l on all latent levels.
  // The predictions and errors left behind are those of the final x.
  void infer(const matrix<Scalar>& image, const matrix<Scalar>& label, int steps, Scalar rate) {
    forward(image, label);
    relax(steps, rate);
  }

  // The same Euler steps from the present x.
  void relax(int steps, Scalar rate) {
    evaluate();
    for (int step = 0; step < steps; ++step) {
      for (std::size_t l = 1; l < top(); ++l) differentiate_level(l);
      for (std::size_t l = 1; l < top(); ++l) levels[l].x -= rate * levels[l].x_gradient;
      // x_0 is given, so the pre-activation of level 1 does not change; only its error does.
      compare_level(1);
      for (std::size_t l = 2; l <= top(); ++l) evaluate_level(l);
    }
  }

  // Predictions, errors and g of every level at the present x and parameters.
  void evaluate() {
    for (std::size_t l = 1; l <= top(); ++l) evaluate_level(l);
  }

  // evaluate(), then every gradient of the header comment.
  void differentiate() {
    evaluate();
    for (std::size_t l = 0; l <= top(); ++l) differentiate_level(l);
    differentiate_parameters();
  }

  // One optimiser step on every W and b at the present x.
  void learn(const optimiser& method) {
    evaluate();
    differentiate_parameters();
    for (std::size_t l = 1; l <= top(); ++l) {
      levels[l].W.step(method);
      levels[l].b.step(method);
    }
  }

  // F summed over the batch at the present x and parameters, nats.
  Scalar energy() {
    evaluate();
    Scalar sum = 0;
    for (std::size_t l = 1; l <= top(); ++l) {
      const auto& at = levels[l];
      const auto elements = Scalar(at.error.size());  // batch * d_l
      sum += (at.precision * at.error.squaredNorm() +
              elements * (std::log(2 * std::numbers::pi_v<Scalar>) - std::log(at.precision))) /
             2;
    }
    return sum;
  }

  Scalar mean_energy() { return energy() / Scalar(batch()); }

  // The label predicted from the image alone, [batch, d_L]. Leaves the present x untouched.
  matrix<Scalar> predict(const matrix<Scalar>& image) const {
    require(image.cols() == levels[0].x.cols(), "columns of the image", levels[0].x.cols(), image.cols());
    matrix<Scalar> x = image, a;
    for (std::size_t l = 1; l <= top(); ++l) {
      a.noalias() = x * levels[l].W.value.transpose();
      a.rowwise() += levels[l].b.value;
      apply(levels[l].f, a, x);
    }
    return x;
  }

 private:
  static void require(bool holds, const char* what, Eigen::Index expected, Eigen::Index found) {
    if (holds) return;
    throw std::invalid_argument("pcn: " + std::string(what) + ": expected " + std::to_string(expected) +
                                ", found " + std::to_string(found));
  }

  static void apply(activation f, const matrix<Scalar>& a, matrix<Scalar>& p) {
    switch (f) {
      case activation::identity: p = a; break;
      case activation::tanh: p = a.array().tanh(); break;
      case activation::relu: p = a.cwiseMax(Scalar(0)); break;
    }
  }

  void predict_level(std::size_t l) {
    auto& at = levels[l];
    at.a.noalias() = levels[l - 1].x * at.W.value.transpose();
    at.a.rowwise() += at.b.value;
    apply(at.f, at.a, at.prediction);
  }

  void compare_level(std::size_t l) {
    auto& at = levels[l];
    at.error = at.x - at.prediction;
    switch (at.f) {
      case activation::identity: at.g = at.precision * at.error; break;
      case activation::tanh:
        at.g = at.precision * at.error.array() * (1 - at.prediction.array().square());
        break;
      case activation::relu:
        at.g = at.precision * at.error.array() * (at.a.array() > Scalar(0)).template cast<Scalar>();
        break;
    }
  }

  void evaluate_level(std::size_t l) {
    predict_level(l);
    compare_level(l);
  }

  void differentiate_level(std::size_t l) {
    auto& at = levels[l];
    if (l == 0)
      at.x_gradient.setZero(at.x.rows(), at.x.cols());
    else
      at.x_gradient = at.precision * at.error;
    if (l < top()) at.x_gradient.noalias() -= levels[l + 1].g * levels[l + 1].W.value;
  }

  void differentiate_parameters() {
    const auto n = Scalar(batch());
    for (std::size_t l = 1; l <= top(); ++l) {
      auto& at = levels[l];
      at.W.gradient.noalias() = (-1 / n) * (at.g.transpose() * levels[l - 1].x);
      at.b.gradient = (-1 / n) * at.g.colwise().sum();
      at.precision_gradient = (at.error.squaredNorm() / n - Scalar(at.error.cols()) / at.precision) / 2;
    }
  }
};

}  // namespace freefall::by_hand::pcn

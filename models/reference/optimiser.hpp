#pragma once
// Gradient-descent optimisers for the hand-written reference models. Eigen only; shares no code with the
// compiler.

#include <Eigen/Dense>
#include <cmath>
#include <variant>

namespace freefall::by_hand {

template <class Scalar>
using matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class Scalar>
using row = Eigen::Matrix<Scalar, 1, Eigen::Dynamic>;
template <class Scalar>
using column = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;

// theta -= rate * g
struct sgd {
  double rate;
};

// v = decay * v + g;  theta -= rate * v   (heavy ball, Polyak 1964)
struct momentum {
  double rate;
  double decay = 0.9;
};

// Kingma and Ba 2015, algorithm 1. Epsilon stands outside the root, after the bias correction:
// m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
// theta -= rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon),  t = 1 at the first step.
struct adam {
  double rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
};

using optimiser = std::variant<sgd, momentum, adam>;

// A parameter with its gradient and the state its optimiser keeps between steps. Array is a dense Eigen type.
// All public: a test may read or set any of them.
template <class Array>
struct parameter {
  using scalar = typename Array::Scalar;

  Array value;
  Array gradient;
  Array first;   // momentum's v, Adam's m; zero before the first step
  Array second;  // Adam's v; zero before the first step
  long steps = 0;

  // Sizes the parameter and sets it, its gradient and its state to zero.
  void resize(Eigen::Index rows, Eigen::Index columns) {
    value.setZero(rows, columns);
    gradient = first = second = value;
    steps = 0;
  }

  void step(const optimiser& method) {
    ++steps;
    std::visit([this](const auto& m) { this->apply(m); }, method);
  }

 private:
  void apply(const sgd& m) { value -= scalar(m.rate) * gradient; }

  void apply(const momentum& m) {
    first = scalar(m.decay) * first + gradient;
    value -= scalar(m.rate) * first;
  }

  void apply(const adam& m) {
    const auto b1 = scalar(m.beta1), b2 = scalar(m.beta2);
    // 1 - b2 after rounding b2 to float would be wrong by 1e-5 of itself.
    first = b1 * first + scalar(1 - m.beta1) * gradient;
    second = b2 * second + scalar(1 - m.beta2) * gradient.cwiseAbs2();
    const auto c1 = scalar(1 - std::pow(m.beta1, double(steps)));
    const auto c2 = scalar(1 - std::pow(m.beta2, double(steps)));
    value.array() -=
        scalar(m.rate) * (first.array() / c1) / ((second.array() / c2).sqrt() + scalar(m.epsilon));
  }
};

}  // namespace freefall::by_hand

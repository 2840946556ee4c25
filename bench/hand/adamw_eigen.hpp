#pragma once
// adamw_case.hpp with Eigen, written with care as pcn_eigen.hpp. Columns are samples.

#include <Eigen/Dense>

#include "bench/adamw_case.hpp"

namespace freefall::bench::adamw {

template <class Scalar>
class eigen_network {
 public:
  using dense = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  std::array<dense, depth> W, b;

  explicit eigen_network(const parameters& start) {
    for (std::size_t l = 0; l < depth; ++l) {
      W[l] = Eigen::Map<const row_major>(start.W[l].data(), size[l + 1], size[l]).template cast<Scalar>();
      b[l] = Eigen::Map<const Eigen::MatrixXf>(start.b[l].data(), size[l + 1], 1).template cast<Scalar>();
      for (auto* moments : {&W_moments_[l], &b_moments_[l]})
        for (dense& m : *moments) m.setZero(size[l + 1], moments == &W_moments_[l] ? size[l] : 1);
    }
    for (std::size_t l = 0; l <= depth; ++l)
      for (auto* a : {&x_, &f_, &e_, &pull_}) (*a)[l].resize(size[l], batch);
    drive_.resize(size[1], batch);
  }

  void train(const float* image, const float* digit) {
    x_[0] = Eigen::Map<const Eigen::MatrixXf>(image, size[0], batch).template cast<Scalar>();
    x_[depth] = Eigen::Map<const Eigen::MatrixXf>(digit, size[depth], batch).template cast<Scalar>();
    f_[0] = x_[0].array().tanh();
    for (std::size_t l = 1; l < depth; ++l) {
      x_[l].noalias() = W[l - 1] * f_[l - 1];
      x_[l].colwise() += b[l - 1].col(0);
      f_[l] = x_[l].array().tanh();
    }
    drive_ = x_[1];
    compare();
    for (int t = 0; t < steps; ++t) {
      for (std::size_t l = 1; l < depth; ++l) pull_[l].noalias() = W[l].transpose() * e_[l + 1];
      for (std::size_t l = 1; l < depth; ++l) {
        x_[l].array() += static_cast<Scalar>(inference_rate) *
                         ((1 - f_[l].array().square()) * pull_[l].array() - e_[l].array());
        f_[l] = x_[l].array().tanh();
      }
      compare();
    }
    ++calls_;
    for (std::size_t l = 0; l < depth; ++l) {
      gradient_.noalias() = e_[l + 1] * f_[l].transpose();
      adam(W[l], W_moments_[l]);
      W[l] *= static_cast<Scalar>(1 - learning_rate * weight_decay);
      gradient_ = e_[l + 1].rowwise().sum();
      adam(b[l], b_moments_[l]);
    }
  }

 private:
  using row_major = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  void compare() {
    e_[1] = x_[1] - drive_;
    for (std::size_t l = 2; l <= depth; ++l) {
      e_[l] = x_[l].colwise() - b[l - 1].col(0);
      e_[l].noalias() -= W[l - 1] * f_[l - 1];
    }
  }

  // gradient_ is minus batch times that of the mean of F.
  void adam(dense& w, std::array<dense, 2>& moments) {
    constexpr Scalar b1 = beta1, b2 = beta2, minus_mean = Scalar(-1) / batch;
    const Scalar c1 = 1 / (1 - std::pow(b1, calls_)), c2 = 1 / (1 - std::pow(b2, calls_));
    moments[0] = b1 * moments[0] + (1 - b1) * minus_mean * gradient_;
    moments[1] = b2 * moments[1] + (1 - b2) * minus_mean * minus_mean * gradient_.cwiseAbs2();
    w.array() -= static_cast<Scalar>(learning_rate) * (c1 * moments[0].array()) /
                 ((c2 * moments[1].array()).sqrt() + static_cast<Scalar>(epsilon));
  }

  std::array<std::array<dense, 2>, depth> W_moments_, b_moments_;
  std::array<dense, depth + 1> x_, f_, e_, pull_;
  dense drive_, gradient_;
  int calls_ = 0;
};

}  // namespace freefall::bench::adamw

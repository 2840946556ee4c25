#pragma once
// pcn_case.hpp with Eigen, written with care: nothing allocated, no aliasing temporaries, tanh once for each
// new x, the prediction of the first level once for each call. Columns are samples.

#include <Eigen/Dense>

#include "bench/pcn_case.hpp"

namespace freefall::bench::pcn {

template <class Scalar>
class eigen_network {
 public:
  explicit eigen_network(const parameters& start) {
    for (std::size_t l = 0; l < 3; ++l) {
      W[l] = Eigen::Map<const row_major>(start.W[l].data(), size[l + 1], size[l]).template cast<Scalar>();
      b[l] = Eigen::Map<const Eigen::VectorXf>(start.b[l].data(), size[l + 1]).template cast<Scalar>();
    }
    for (std::size_t l = 0; l < 4; ++l) {
      x[l].resize(size[l], batch);
      f[l].resize(size[l], batch);
      e[l].resize(size[l], batch);
      pull[l].resize(size[l], batch);
    }
    drive.resize(size[1], batch);
  }

  using dense = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  std::array<dense, 3> W;
  std::array<Eigen::Matrix<Scalar, Eigen::Dynamic, 1>, 3> b;

  void train(const sample& s) {
    x[0] = Eigen::Map<const Eigen::MatrixXf>(s.image.data(), size[0], batch).template cast<Scalar>();
    x[3] = Eigen::Map<const Eigen::MatrixXf>(s.digit.data(), size[3], batch).template cast<Scalar>();
    f[0] = x[0].array().tanh();
    drive.noalias() = W[0] * f[0];
    drive.colwise() += b[0];
    x[1] = drive;
    f[1] = x[1].array().tanh();
    x[2].noalias() = W[1] * f[1];
    x[2].colwise() += b[1];
    f[2] = x[2].array().tanh();
    for (int t = 0; t < steps; ++t) {
      compare(2);
      compare(3);
      pull[1].noalias() = W[1].transpose() * e[2];
      pull[2].noalias() = W[2].transpose() * e[3];
      constexpr auto rate = static_cast<Scalar>(inference_rate);
      x[1].array() += rate * (drive.array() - x[1].array() + (1 - f[1].array().square()) * pull[1].array());
      x[2].array() += rate * ((1 - f[2].array().square()) * pull[2].array() - e[2].array());
      f[1] = x[1].array().tanh();
      f[2] = x[2].array().tanh();
    }
    e[1] = x[1] - drive;
    compare(2);
    compare(3);
    constexpr auto rate = static_cast<Scalar>(learning_rate) / batch;
    for (std::size_t l = 0; l < 3; ++l) {
      W[l].noalias() += (rate * e[l + 1]) * f[l].transpose();
      b[l] += rate * e[l + 1].rowwise().sum();
    }
  }

 private:
  using row_major = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  void compare(std::size_t l) {
    e[l] = x[l].colwise() - b[l - 1];
    e[l].noalias() -= W[l - 1] * f[l - 1];
  }

  std::array<dense, 4> x, f, e, pull;
  dense drive;
};

}  // namespace freefall::bench::pcn

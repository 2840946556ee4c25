#pragma once
// attractor_case.hpp with Eigen, written with care: nothing allocated, no aliasing temporaries, both branches
// of a draw by whole arrays with the exponential shared, uniform numbers by the runtime, many at a time.

#include <Eigen/Dense>

#include "bench/attractor_case.hpp"

namespace freefall::bench::attractor {

template <int Size>
class eigen_network {  // Size as in Eigen::Array
  using matrix = Eigen::Matrix<float, Size, Size>;
  using column = Eigen::Array<float, Size, 1>;

 public:
  explicit eigen_network(const std::vector<float>& b)
      : b_(Eigen::Map<const column>(b.data(), static_cast<Eigen::Index>(b.size()))) {
    J_.setZero(b_.size(), b_.size());
    for (column* a : {&s_, &u_, &v_, &drawn_, &far_, &t_, &error_}) a->setZero(b_.size());
  }

  [[gnu::noinline]] void step() {
    draws_.fill_uniform<float>({v_.data(), static_cast<std::size_t>(v_.size())}, next_);
    next_ += static_cast<std::uint64_t>(v_.size());
    u_ = b_;
    u_.matrix().noalias() += J_ * s_.matrix();
    draw();
    J_.noalias() += error_.matrix() * s_.matrix().transpose();
    J_.diagonal().setZero();
    s_.swap(drawn_);
  }

  const float* state() const { return s_.data(); }
  const matrix& J() const { return J_; }

 private:
  // far_ is |u|, or 1 where the series is taken: below 0.02 for the mean and 0.01 for the draw, as in
  // `plain`.
  void draw() {
    const auto a = u_.abs();
    far_ = (a < 0.01F).select(1.0F, a);
    t_ = (-2 * far_).exp();
    drawn_ = (u_ > 0).select(v_, 1 - v_);
    drawn_ = (1 + (drawn_ + (1 - drawn_) * t_).log() / far_) * u_.sign();
    const auto q = 2 * v_ - 1;
    drawn_ = (a < 0.01F).select(q + (1 - q.square()) * (u_ / 2 - q * u_.square() / 3), drawn_);
    error_ = ((1 + t_) / (1 - t_) - far_.inverse()) * u_.sign();
    error_ = learning_rate * (drawn_ - (a < 0.02F).select(u_ / 3 - u_.cube() / 45, error_));
  }

  column b_, s_, u_, v_, drawn_, far_, t_, error_;
  matrix J_;
  runtime::stream draws_{seed, "sigma"};
  std::uint64_t next_ = 0;
};

}  // namespace freefall::bench::attractor

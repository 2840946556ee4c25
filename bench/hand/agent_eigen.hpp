#pragma once
// agent_case.hpp with Eigen, written with care: what policies have in common is computed once, A B_a and what
// of G is linear in a belief are constants, and nothing is allocated in a step. Columns are beliefs; the
// moves stand below one another, so that one product gives the children of all beliefs of a level in the
// order of the policies.

#include <Eigen/Dense>

#include "bench/agent_case.hpp"

namespace freefall::bench::agent {

class eigen_agent {
  using matrix = Eigen::MatrixXf;
  using column = Eigen::ArrayXf;
  using row_major = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

 public:
  explicit eigen_agent(const setting& given)
      : s(Eigen::Map<const column>(given.first_belief.data(), states)),
        moved_(moves * states, states),
        seen_(moves * outcomes, states),
        linear_(moves, states),
        value_(states) {
    const Eigen::MatrixXd A = Eigen::Map<const row_major>(given.A.data(), outcomes, states).cast<double>();
    const Eigen::ArrayXXd log_A = A.array().max(1e-16).log();
    const Eigen::VectorXd log_wanted =
        Eigen::Map<const column>(given.wanted.data(), outcomes).cast<double>().max(1e-16).log();
    const Eigen::RowVectorXd entropy = -(A.array() * log_A).colwise().sum();
    log_A_ = log_A.transpose().cast<float>();
    for (int a = 0; a < static_cast<int>(moves); ++a) {
      const Eigen::MatrixXd B =
          Eigen::Map<const row_major>(given.B.data() + a * row, states, states).cast<double>();
      moved_.middleRows(a * width, width) = B.cast<float>();
      seen_.middleRows(a * width, width) = (A * B).cast<float>();
      linear_.row(a) = (entropy * B - log_wanted.transpose() * (A * B)).cast<float>();
    }
    for (int t = 0, nodes = 1; t < static_cast<int>(horizon); ++t) {
      nodes *= static_cast<int>(moves);
      belief_[t].resize(states, nodes);
      predicted_[t].resize(outcomes, nodes);
      G_[t].resize(moves, nodes / static_cast<int>(moves));
    }
    G = G_[horizon - 1].data();
  }

  [[gnu::noinline]] void step(std::size_t o) {
    believe(static_cast<Eigen::Index>(o));
    level(s.matrix(), 0);
    for (std::size_t t = 1; t < horizon; ++t) level(belief_[t - 1], t);
    choose();
  }

  column s;
  const float* G = nullptr;
  float F = 0;
  std::size_t move = 0;

 private:
  static constexpr int width = states, row = states * states;
  static_assert(outcomes == states);

  template <class Array>
  static auto log(const Array& p) {
    return p.max(1e-16F).log();
  }

  void believe(Eigen::Index o) {
    value_.matrix().noalias() =
        moved_.middleRows(static_cast<Eigen::Index>(move) * width, width) * s.matrix();
    value_ = log_A_.col(o) + log(value_);
    const float largest = value_.maxCoeff();
    s = (value_ - largest).exp();
    const float sum = s.sum();
    s /= sum;
    F = -(largest + std::log(sum));  // at the exact posterior, minus the logarithm of the evidence
  }

  // The children of the beliefs `from`; the last ones are needed for what they predict alone.
  template <class Beliefs>
  void level(const Beliefs& from, std::size_t t) {
    Eigen::Map<matrix>(predicted_[t].data(), seen_.rows(), from.cols()).noalias() = seen_ * from;
    if (t + 1 < horizon)
      Eigen::Map<matrix>(belief_[t].data(), moved_.rows(), from.cols()).noalias() = moved_ * from;
    G_[t].noalias() = linear_ * from;
    if (t > 0) G_[t].rowwise() += Eigen::Map<const Eigen::RowVectorXf>(G_[t - 1].data(), from.cols());
    const auto q = predicted_[t].array();
    Eigen::Map<Eigen::ArrayXXf>(G_[t].data(), 1, predicted_[t].cols()) += (q * log(q)).colwise().sum();
  }

  void choose() {
    const Eigen::Map<const Eigen::ArrayXXf> all(G, policies / moves, moves);
    const float least = all.minCoeff();
    Eigen::Index best = 0;
    (-static_cast<float>(policy_precision) * (all - least)).exp().colwise().sum().maxCoeff(&best);
    move = static_cast<std::size_t>(best);
  }

  matrix moved_, seen_, linear_;  // B_a and A B_a below one another; a row for each move
  Eigen::ArrayXXf log_A_;         // [state, outcome]
  std::array<matrix, horizon> belief_, predicted_, G_;
  column value_;
};

}  // namespace freefall::bench::agent

// Errors that public code with rules written by hand has shipped, in networks: the compiled kernel does the
// right thing, and the error would have been seen.

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <numbers>

#include "freefall/runtime/random.hpp"
#include "trap_network_views.hpp"

namespace freefall {
namespace {

using matrix = Eigen::Matrix<double, 3, 3, Eigen::RowMajor>;
using vector = Eigen::Vector3d;

constexpr int copies = 4;
constexpr double eta = 0.1, stiffness = 0.7;
constexpr double rounding = 1e-13;
constexpr double visible = 1e-3;  // what an error has to change at the least

struct setting {
  matrix W[4];  // W[l] into layer l; W[0] is not used
  vector x[copies], h1[copies], h2[copies], y[copies];

  setting() {
    std::uint64_t next = 0;
    const runtime::stream numbers(3, "traps");
    const auto fill = [&](auto& to) {
      for (Eigen::Index k = 0; k < to.size(); ++k) to.data()[k] = numbers.normal(next++);
    };
    for (int l = 1; l <= 3; ++l) fill(W[l]);
    for (int b = 0; b < copies; ++b) fill(x[b]), fill(h1[b]), fill(h2[b]), fill(y[b]);
  }

  // The kernels with copies first .. first + count - 1 in the places from 0 on.
  trap_network::instance network(int first = 0, int count = copies) const {
    trap_network::instance out;
    out.W1() = W[1];
    out.W2() = W[2];
    out.W3() = W[3];
    out.eta() = eta;
    out.stiffness() = stiffness;
    for (int b = 0; b < count; ++b) {
      out.x().row(b) = x[first + b].transpose();
      out.h1().row(b) = h1[first + b].transpose();
      out.h2().row(b) = h2[first + b].transpose();
      out.y().row(b) = y[first + b].transpose();
    }
    return out;
  }
};

vector sigmoid(const vector& a) { return 1 / (1 + (-a).array().exp()); }
vector swish(const vector& a) { return a.array() * sigmoid(a).array(); }
vector swish_derivative(const vector& a) {
  return sigmoid(a).array() * (1 + a.array() * (1 - sigmoid(a).array()));
}

// What a step of inference makes of h1, with the derivative of the activation and the matrix that brings the
// error down.
vector moved(const setting& s, int b, vector (*derivative)(const vector&), const matrix& down) {
  const vector drive = s.W[2] * s.h1[b];
  const vector below = s.h1[b] - swish(s.W[1] * s.x[b]), above = s.h2[b] - swish(drive);
  return s.h1[b] - eta * (below - down.transpose() * derivative(drive).cwiseProduct(above));
}

// The error of the layer above comes down through the weights between the two, W2; with layers of one width
// W3 fits too.
TEST(Trap, GradientOfALayerTakesTheNextButOneLayersWeights) {
  const setting s;
  auto net = s.network();
  net.infer(copies);
  for (int b = 0; b < copies; ++b) {
    EXPECT_LT((net.h1().row(b).transpose() - moved(s, b, swish_derivative, s.W[2])).norm(), rounding);
    EXPECT_GT((net.h1().row(b).transpose() - moved(s, b, swish_derivative, s.W[3])).norm(), visible);
  }
}

// swish' = swish + sigmoid (1 - swish) at the input; as for tanh and sigmoid it was written with the output
// alone.
TEST(Trap, DerivativeOfSwishFromItsOutput) {
  const auto from_output = [](const vector& a) -> vector {
    const vector out = swish(a);
    return out.array() + sigmoid(out).array() * (1 - out.array());
  };
  const setting s;
  auto net = s.network();
  net.infer(copies);
  for (int b = 0; b < copies; ++b) {
    EXPECT_LT((net.h1().row(b).transpose() - moved(s, b, swish_derivative, s.W[2])).norm(), rounding);
    EXPECT_GT((net.h1().row(b).transpose() - moved(s, b, from_output, s.W[2])).norm(), visible);
  }
}

// Every copy has an energy of its own and falls on that: how many others are there does not matter to it.
// Reduced to the mean over the batch, a step is as many times shorter.
TEST(Trap, EnergyReducedOverTheBatch) {
  const setting s;
  auto together = s.network(), by_the_mean = s.network();
  together.infer(copies);
  by_the_mean.infer_by_the_mean(copies);
  for (int b = 0; b < copies; ++b) {
    auto alone = s.network(b, 1);
    alone.infer(1);
    EXPECT_LT((alone.h1().row(0) - together.h1().row(b)).norm(), rounding);
    EXPECT_LT((alone.h2().row(0) - together.h2().row(b)).norm(), rounding);
    const Eigen::RowVector3d step = together.h1().row(b) - s.h1[b].transpose();
    EXPECT_LT((by_the_mean.h1().row(b) - s.h1[b].transpose() - step / copies).norm(), rounding);
    EXPECT_GT(step.norm() * (1 - 1.0 / copies), visible);
  }
}

// The copies' energies add up; that of the weights' prior, 27 normal densities, counts once.
TEST(Trap, EnergyOfABatchIsTheSumOfItsCopies) {
  const setting s;
  double squares = 0;
  for (int l = 1; l <= 3; ++l) squares += s.W[l].squaredNorm();
  const double prior =
      stiffness / 2 * squares - 27.0 / 2 * (std::log(stiffness) - std::log(2 * std::numbers::pi));
  double sum = prior;
  for (int b = 0; b < copies; ++b) {
    auto alone = s.network(b, 1);
    const vector e1 = s.h1[b] - swish(s.W[1] * s.x[b]), e2 = s.h2[b] - swish(s.W[2] * s.h1[b]),
                 e3 = s.y[b] - s.W[3] * s.h2[b];
    const double own = (e1.squaredNorm() + e2.squaredNorm() + e3.squaredNorm()) / 2 +
                       9.0 / 2 * std::log(2 * std::numbers::pi);
    EXPECT_NEAR(alone.energy(1), prior + own, 1e-12 * std::fabs(prior + own));
    sum += own;
  }
  auto together = s.network();
  EXPECT_NEAR(together.energy(copies), sum, 1e-12 * std::fabs(sum));
}

// N(W; 0, 1/stiffness) draws the weights to zero: dF/dW = stiffness W - what the errors say. With the sign of
// a term of the log density in a descent of its negative they are driven away.
TEST(Trap, WeightPriorWithTheWrongSign) {
  const setting s;
  auto net = s.network();
  net.learn(copies);
  const auto learned = [&](double sign) -> matrix {
    matrix by_errors = matrix::Zero();
    for (int b = 0; b < copies; ++b) {
      const vector drive = s.W[2] * s.h1[b];
      by_errors += swish_derivative(drive).cwiseProduct(s.h2[b] - swish(drive)) * s.h1[b].transpose();
    }
    return s.W[2] + eta * (by_errors - sign * stiffness * s.W[2]);
  };
  EXPECT_LT((net.W2() - learned(1)).norm(), rounding);
  EXPECT_GT((net.W2() - learned(-1)).norm(), visible);
}

}  // namespace
}  // namespace freefall

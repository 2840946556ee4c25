#include "models/kalman_pc/reference.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "central_difference.hpp"
#include "freefall/runtime/random.hpp"

namespace freefall::by_hand::kalman_pc {
namespace {

using vec = column<double>;
using mat = matrix<double>;

// The accelerating body of Millidge 2021, section 3.4.3: position, velocity, acceleration at dt = 0.001, the
// input exp(-0.01 t) on the acceleration, a random normal C, no process noise, sensor noise of deviation 1,
// Sigma_w = Sigma_z = I.
struct body {
  explicit body(std::uint64_t seed, std::size_t steps) {
    const runtime::stream weights(seed, "C"), noise(seed, "noise");
    constexpr double dt = 0.001;
    model.A.resize(3, 3);
    model.A << 1, dt, dt * dt / 2, 0, 1, dt, 0, 0, 1;
    model.B = mat::Zero(3, 1);
    model.B(2, 0) = 1;
    model.C.resize(3, 3);
    for (Eigen::Index i = 0; i < 9; ++i) model.C.data()[i] = weights.normal(static_cast<std::uint64_t>(i));
    model.Sigma_w = model.Sigma_z = mat::Identity(3, 3);
    vec x = vec::Zero(3);
    for (std::size_t t = 0; t < steps; ++t) {
      u.push_back(vec::Constant(1, std::exp(-0.01 * static_cast<double>(t))));
      x = model.A * x + model.B * u.back();
      truth.push_back(x);
      vec z(3);
      for (Eigen::Index i = 0; i < 3; ++i) z(i) = noise.normal(3 * t + static_cast<std::size_t>(i));
      o.push_back(model.C * x + z);
    }
  }

  linear_model<double> model;
  std::vector<vec> u, truth, o;
};

const belief<double> start{vec::Zero(3), mat::Identity(3, 3)};

std::vector<vec> analytic(const body& b) {
  std::vector<vec> means;
  belief<double> s = start;
  for (std::size_t t = 0; t < b.o.size(); ++t) {
    s = kalman_step(b.model, s, b.u[t], b.o[t]);
    means.push_back(s.mean);
  }
  return means;
}

constexpr int settled = -1;

std::vector<vec> filtered(const body& b, const settings<double>& how) {
  std::vector<vec> means;
  filter<double> f(b.model, start, how);
  for (std::size_t t = 0; t < b.o.size(); ++t) {
    if (how.steps == settled)
      f.settled_step(b.u[t], b.o[t]);
    else
      f.step(b.u[t], b.o[t]);
    means.push_back(f.state().mean);
  }
  return means;
}

// Root mean square over time, one for each component.
std::array<double, 3> distance(const std::vector<vec>& a, const std::vector<vec>& b) {
  Eigen::Array3d sum = Eigen::Array3d::Zero();
  for (std::size_t t = 0; t < a.size(); ++t) sum += (a[t] - b[t]).array().square();
  sum = (sum / static_cast<double>(a.size())).sqrt();
  return {sum(0), sum(1), sum(2)};
}

double worst(const std::vector<vec>& a, const std::vector<vec>& b) {
  double w = 0;
  for (std::size_t t = 0; t < a.size(); ++t) w = std::max(w, (a[t] - b[t]).cwiseAbs().maxCoeff());
  return w;
}

using enum precision_rule;
using enum prior_rule;

TEST(KalmanPc, TheBodyEndsWhereItsClosedFormSays) {
  // Accelerations sum_{s <= t} exp(-0.01 s); 90 and 100 are Millidge's setting after 1000 steps.
  const body b(0, 1000);
  EXPECT_NEAR(b.truth.back()(2), (1 - std::exp(-10.0)) / (1 - std::exp(-0.01)), 1e-9);
  double velocity = 0, acceleration = 0, position = 0;
  for (int t = 0; t < 1000; ++t) {
    position += 0.001 * velocity + 0.5e-6 * acceleration;
    velocity += 0.001 * acceleration;
    acceleration += std::exp(-0.01 * t);
  }
  EXPECT_NEAR(b.truth.back()(0), position, 1e-9);
  EXPECT_NEAR(b.truth.back()(1), velocity, 1e-9);
}

TEST(KalmanPc, KalmanStepIsTheInformationForm) {
  const body b(3, 1);
  belief<double> s = start;
  s.covariance(0, 1) = s.covariance(1, 0) = 0.3;
  const auto after = kalman_step(b.model, s, b.u[0], b.o[0]);
  const auto& k = b.model;
  const mat P = k.A * s.covariance * k.A.transpose() + k.Sigma_w;
  const mat S = (k.C.transpose() * k.C + P.inverse()).inverse();  // Sigma_z = I
  const vec mean = S * (k.C.transpose() * b.o[0] + P.inverse() * (k.A * s.mean + k.B * b.u[0]));
  EXPECT_LT((after.mean - mean).cwiseAbs().maxCoeff(), 1e-13);
  EXPECT_LT((after.covariance - S).cwiseAbs().maxCoeff(), 1e-13);
}

TEST(KalmanPc, SettledWithTheRiccatiPrecisionIsTheKalmanFilter) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const body b(seed, 1000);
    EXPECT_LT(worst(filtered(b, {.precision = riccati, .steps = settled}), analytic(b)), 1e-10) << seed;
  }
}

TEST(KalmanPc, DescentWithTheRiccatiPrecisionConvergesToTheKalmanFilter) {
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const body b(seed, 60);
    EXPECT_LT(worst(filtered(b, {.precision = riccati, .steps = 4000}), analytic(b)), 1e-10) << seed;
  }
}

TEST(KalmanPc, MoreStepsComeCloserToTheSettledFilterOfConstantPrecision) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const body b(seed, 300);
    const auto map = filtered(b, {.precision = constant, .steps = settled});
    double before = worst(filtered(b, {.precision = constant, .steps = 1}), map);
    for (const int steps : {2, 5, 10, 20, 40, 80}) {
      const double now = worst(filtered(b, {.precision = constant, .steps = steps}), map);
      EXPECT_LT(now, before) << seed << ' ' << steps;
      before = now;
    }
    EXPECT_LT(worst(filtered(b, {.precision = constant, .steps = 1000}), map), 1e-10) << seed;
  }
}

// A median over 50 random C, as an independent implementation in another language found it. `spread` is the
// relative standard deviation of such a median, measured over 40 sets of 50 C.
struct median_of_fifty {
  std::array<double, 3> value;  // position, velocity, acceleration
  double spread;
};

struct line {
  const char* name;
  settings<double> how;
  median_of_fifty to_truth, to_kalman;
};

// Root mean square distances, T = 1000, P_0 = I, mean_0 = 0. The unanchored filter and the distances to the
// Kalman filter hang on the smallest singular value of C, hence their spread.
TEST(KalmanPc, AccuracyIsThatOfAnIndependentImplementation) {
  const std::array<line, 7> lines{{
      {"5 steps of 0.05", {constant, anchored, 5, 0.05}, {{.33, .33, .33}, .01}, {{.58, .64, .56}, .14}},
      {"2 steps of 0.07", {constant, anchored, 2, 0.07}, {{.26, .26, .27}, .01}, {{.62, .69, .63}, .12}},
      {"settled", {constant, anchored, settled, {}}, {{.51, .51, .55}, .04}, {{.33, .38, .30}, .22}},
      {"Riccati, 20 steps", {riccati, anchored, 20, {}}, {{.59, .58, .63}, .07}, {{.16, .16, .12}, .4}},
      {"Riccati, settled", {riccati, anchored, settled, {}}, {{.73, .79, .77}, .09}, {{0, 0, 0}, 0}},
      {"unanchored, 5 of 0.05",
       {constant, unanchored, 5, 0.05},
       {{1.06, 1.31, 1.44}, .41},
       {{1.20, 1.37, 1.54}, .37}},
      {"unanchored, 2 of 0.07",
       {constant, unanchored, 2, 0.07},
       {{1.93, 2.47, 2.68}, .38},
       {{2.18, 2.51, 2.77}, .36}},
  }};
  using distances = std::array<std::vector<double>, 3>;
  std::array<distances, lines.size()> truth, kalman;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const body b(seed, 1000);
    const auto exact = analytic(b);
    for (std::size_t n = 0; n < lines.size(); ++n) {
      const auto means = filtered(b, lines[n].how);
      const auto to_truth = distance(means, b.truth), to_kalman = distance(means, exact);
      for (std::size_t i = 0; i < 3; ++i) {
        truth[n][i].push_back(to_truth[i]);
        kalman[n][i].push_back(to_kalman[i]);
      }
    }
  }
  const auto expect_median = [](std::vector<double> x, const median_of_fifty& of, std::size_t i,
                                const char* name) {
    std::ranges::sort(x);
    constexpr double rounding = 0.005;
    EXPECT_NEAR((x[99] + x[100]) / 2, of.value[i], 3 * of.spread * of.value[i] + rounding)
        << name << ", " << i;
  };
  for (std::size_t n = 0; n < lines.size(); ++n)
    for (std::size_t i = 0; i < 3; ++i) {
      expect_median(truth[n][i], lines[n].to_truth, i, lines[n].name);
      expect_median(kalman[n][i], lines[n].to_kalman, i, lines[n].name);
    }
}

// The first step of a tick starts where e_x is zero, so one step of rate r for each tick multiplies the error
// of the mean by (I - r C'C) A: past lambda_max(C'C) = 2 / r it diverges, though F alone would bound
// lambda_max(C'C + I).
TEST(KalmanPc, ARatePastTheBoundDivergesAndTheDefaultRateDoesNot) {
  int past = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const body b(seed, 1000);
    const mat H = b.model.C.transpose() * b.model.C;
    const double lambda = H.selfadjointView<Eigen::Lower>().eigenvalues().maxCoeff();
    const auto stays = [&](std::optional<double> rate) {
      return filtered(b, {constant, anchored, 1, rate}).back().norm() < 1e3;
    };
    EXPECT_TRUE(stays({})) << seed;
    if (lambda > 8.2) {
      ++past;
      EXPECT_FALSE(stays(0.25)) << seed;
    } else if (lambda < 7.8) {
      EXPECT_TRUE(stays(0.25)) << seed;
    }
  }
  EXPECT_GT(past, 0);
}

// A pendulum seen through two curved sensors.
template <class Scalar>
nonlinear_model<Scalar> pendulum() {
  using std::cos, std::sin;
  static constexpr Scalar dt = Scalar(1) / 10;
  return {[](const column<Scalar>& x, const column<Scalar>& u) -> column<Scalar> {
            return Eigen::Matrix<Scalar, 2, 1>(x(0) + dt * x(1), x(1) + dt * (u(0) - sin(x(0))));
          },
          [](const column<Scalar>& x, const column<Scalar>&) {
            matrix<Scalar> J(2, 2);
            J << 1, dt, -dt * cos(x(0)), 1;
            return J;
          },
          [](const column<Scalar>& x) -> column<Scalar> {
            return Eigen::Matrix<Scalar, 2, 1>(sin(x(0)), x(0) + x(1) * x(1) / 5);
          },
          [](const column<Scalar>& x) {
            matrix<Scalar> G(2, 2);
            G << cos(x(0)), 0, 1, 2 * x(1) / 5;
            return G;
          },
          matrix<Scalar>::Identity(2, 2) / 50,
          matrix<Scalar>::Identity(2, 2) / 10};
}

TEST(KalmanPcNonlinear, DescentIsTheIteratedExtendedKalmanFilter) {
  const auto k = pendulum<double>();
  const runtime::stream noise(7, "pendulum");
  belief<double> kalman{vec::Zero(2), mat::Identity(2, 2)};
  filter<double> relaxed(k, kalman, {.steps = 3000}), gauss_newton(k, kalman, {});
  belief<double> once = kalman;
  vec x(2);
  x << 1, 0;
  double gap = 0;
  for (std::size_t t = 0; t < 200; ++t) {
    const vec u = vec::Constant(1, std::sin(0.1 * static_cast<double>(t)));
    x = k.f(x, u);
    vec o = k.g(x);
    for (Eigen::Index i = 0; i < 2; ++i) o(i) += 0.3 * noise.normal(2 * t + static_cast<std::size_t>(i));
    kalman = iterated_extended_kalman_step(k, kalman, u, o, 300);
    once = iterated_extended_kalman_step(k, once, u, o, 1);
    relaxed.step(u, o);
    gauss_newton.settled_step(u, o);
    for (const auto* f : {&relaxed, &gauss_newton}) {
      EXPECT_LT((f->state().mean - kalman.mean).cwiseAbs().maxCoeff(), 1e-10) << t;
      EXPECT_LT((f->state().covariance - kalman.covariance).cwiseAbs().maxCoeff(), 1e-10) << t;
    }
    gap = std::max(gap, (once.mean - kalman.mean).norm());
  }
  EXPECT_GT(gap, 1e-2);  // the iteration matters here: the extended Kalman filter is elsewhere
}

TEST(KalmanPcNonlinear, OneIterationOfALinearModelIsTheKalmanFilter) {
  const body b(5, 50);
  belief<double> kalman = start, extended = start;
  for (std::size_t t = 0; t < b.o.size(); ++t) {
    kalman = kalman_step(b.model, kalman, b.u[t], b.o[t]);
    extended = iterated_extended_kalman_step(as_functions(b.model), extended, b.u[t], b.o[t], 1);
    EXPECT_LT((kalman.mean - extended.mean).cwiseAbs().maxCoeff(), 1e-12);
    EXPECT_LT((kalman.covariance - extended.covariance).cwiseAbs().maxCoeff(), 1e-12);
  }
}

TEST(KalmanPcEnergy, GradientIsItsCentralDifference) {
  source draw(21);
  for (const auto rule : {constant, riccati}) {
    filter<real> f(pendulum<real>(), {draw(2, 1), matrix<real>::Identity(2, 2) / 4}, {.precision = rule});
    f.predict(draw(1, 1));
    column<real> mu = draw(2, 1);
    const column<real> o = draw(2, 1);
    const column<real> stated = f.gradient(mu, o);
    EXPECT_LT(worst_difference(mu, stated, [&] { return f.energy(mu, o); }), difference_tolerance);
  }
}

// At the posterior mean F exceeds -ln p(o | past) by -ln of the posterior density there: with Laplace's
// covariance S, -ln p(o) = F(mean) - ln|2 pi S| / 2 in the linear case; p(o) = N(C mu_p, C P C' + Sigma_z).
TEST(KalmanPcEnergy, LessTheEntropyTermIsTheSurpriseOfTheObservation) {
  const body b(9, 20);
  filter<double> f(b.model, start, {});
  belief<double> s = start;
  for (std::size_t t = 0; t < b.o.size(); ++t) {
    f.settled_step(b.u[t], b.o[t]);
    const vec e = b.o[t] - b.model.C * (b.model.A * s.mean + b.model.B * b.u[t]);
    const mat P = b.model.A * s.covariance * b.model.A.transpose() + b.model.Sigma_w;
    const mat R = b.model.C * P * b.model.C.transpose() + b.model.Sigma_z;
    constexpr double two_pi = 2 * std::numbers::pi;
    const double surprise = (e.dot(R.inverse() * e) + std::log(R.determinant()) + 3 * std::log(two_pi)) / 2;
    const double entropy_term = (3 * std::log(two_pi) + std::log(f.state().covariance.determinant())) / 2;
    EXPECT_NEAR(f.energy(f.state().mean, b.o[t]) - entropy_term, surprise, 1e-10 * std::abs(surprise));
    s = kalman_step(b.model, s, b.u[t], b.o[t]);
  }
}

TEST(KalmanPcUnanchored, StepTakesTheErrorFromTheIteratesOwnPrediction) {
  const body b(11, 1);
  belief<double> s{vec::Ones(3), mat::Identity(3, 3)};
  filter<double> f(b.model, s, {constant, unanchored, 2, 0.05});
  f.step(b.u[0], b.o[0]);
  vec m = s.mean;
  const auto& k = b.model;
  for (int i = 0; i < 2; ++i)
    m = m + 0.05 * (k.C.transpose() * (b.o[0] - k.C * m) - (m - k.A * m - k.B * b.u[0]));
  EXPECT_LT((f.state().mean - m).cwiseAbs().maxCoeff(), 1e-14);
  EXPECT_THROW(f.settled_step(b.u[0], b.o[0]), std::invalid_argument);
}

TEST(KalmanPcErrors, NameTheCovarianceThatDoesNotFit) {
  body b(0, 1);
  b.model.Sigma_z = mat::Identity(2, 2);
  try {
    filter<double>(b.model, start, {});
    FAIL();
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(), "kalman_pc: Sigma_z: expected [3, 3], found [2, 2]");
  }
}

}  // namespace
}  // namespace freefall::by_hand::kalman_pc

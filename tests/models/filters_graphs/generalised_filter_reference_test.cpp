#include "models/generalised_filter/reference.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <numbers>

#include "central_difference.hpp"

namespace freefall::by_hand::generalised_filter {
namespace {

using vec = column<double>;
using mat = matrix<double>;

template <class Scalar>
differentiable<Scalar> linear(const matrix<Scalar>& A) {
  return {[A](const column<Scalar>& x) -> column<Scalar> { return A * x; },
          [A](const column<Scalar>&) { return A; }};
}

// x, then three curved readings of it.
differentiable<real> curved() {
  return {[](const column<real>& x) -> column<real> {
            return Eigen::Matrix<real, 3, 1>(std::tanh(x(0)), x(0) * x(1), std::sin(x(1)));
          },
          [](const column<real>& x) {
            matrix<real> J(3, 2);
            const real y = std::tanh(x(0));
            J << 1 - y * y, 0, x(1), x(0), 0, std::cos(x(1));
            return J;
          }};
}

matrix<real> positive(source& draw, Eigen::Index n) {
  const matrix<real> a = draw(n, n, 0.3L);
  return matrix<real>::Identity(n, n) + a * a.transpose();
}

// The orders of cos(w t): order n is w^n cos(w t + n pi / 2).
vec wave(Eigen::Index orders, double w, double t) {
  vec o(orders);
  for (Eigen::Index n = 0; n < orders; ++n)
    o(n) =
        std::pow(w, static_cast<double>(n)) * std::cos(w * t + static_cast<double>(n) * std::numbers::pi / 2);
  return o;
}

// Classical Runge-Kutta with the observation as a function of time: an error of order dt^4.
template <class Observe>
void runge_kutta(filter<double>& f, const Observe& o, double t, double dt) {
  const vec at = f.mu;
  const vec k1 = f.velocity(o(t));
  f.mu = at + dt / 2 * k1;
  const vec k2 = f.velocity(o(t + dt / 2));
  f.mu = at + dt / 2 * k2;
  const vec k3 = f.velocity(o(t + dt / 2));
  f.mu = at + dt * k3;
  const vec k4 = f.velocity(o(t + dt));
  f.mu = at + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
}

// Amplitude of a signal a cos(w t) + b sin(w t) from its values a quarter period apart.
double amplitude(double now, double quarter_later) { return std::hypot(now, quarter_later); }

// Steady amplitude of the error of order 0 under dt steps of the given integrator.
template <class Step>
double error_amplitude(Eigen::Index orders, bool moving_frame, double w, double k, double dt, Step&& step) {
  filter<double> f(orders, 1, linear<double>(mat::Identity(1, 1)), k * mat::Identity(orders, orders));
  f.moving_frame = moving_frame;
  const int quarter = static_cast<int>(std::lround(std::numbers::pi / 2 / w / dt));
  const auto time = [&](int i) { return dt * i; };
  const int settle = static_cast<int>(12 / dt);  // exp(-4 * 12) of the start is left
  double first = 0;
  for (int i = 0; i < settle + quarter; ++i) {
    if (i == settle) first = wave(1, w, time(i))(0) - f.mu(0);
    step(f, time(i), dt);
  }
  return amplitude(first, wave(1, w, time(settle + quarter))(0) - f.mu(0));
}

// With identity f, Pi_o = k and all orders of a sinusoid observed, e~ = o~ - mu~ obeys
// e_n' = e_{n+1} - k e_n and e_{N-1}' = o^(N) - k e_{N-1}: order 0 is the N-th derivative, of amplitude w^N,
// through N lags 1 / (k + i w). Without D, e_0' = o' - k e_0 whatever N.
TEST(GeneralisedFilter, ErrorOfAWaveIsThatOfOneLagPerOrder) {
  constexpr double w = 1, k = 4, dt = std::numbers::pi / 1000;  // a whole number of steps in a quarter period
  const double one = w / std::hypot(k, w);
  for (Eigen::Index orders = 1; orders <= 4; ++orders) {
    const auto step = [&](filter<double>& f, double t, double h) {
      runge_kutta(f, [&](double s) { return wave(orders, w, s); }, t, h);
    };
    EXPECT_NEAR(error_amplitude(orders, true, w, k, dt, step), std::pow(one, static_cast<double>(orders)),
                1e-9);
    EXPECT_NEAR(error_amplitude(orders, false, w, k, dt, step), one, 1e-9);
  }
}

// Euler with dt = 1e-3, as measured by an independent implementation to four decimals; a quarter period is
// not a whole number of these steps, which costs the reading below another 1e-4.
TEST(GeneralisedFilter, EulerStepsOfAMillisecondLeaveTheKnownErrors) {
  constexpr double w = 1, k = 4, dt = 1e-3;
  const double measured[] = {0.2426, 0.0590, 0.0144, 0.0034};
  for (Eigen::Index orders = 1; orders <= 4; ++orders) {
    const auto step = [&](filter<double>& f, double t, double h) { f.step(wave(orders, w, t), h); };
    EXPECT_NEAR(error_amplitude(orders, true, w, k, dt, step), measured[orders - 1], 2e-4) << orders;
    EXPECT_NEAR(error_amplitude(orders, false, w, k, dt, step), 0.2426, 2e-4) << orders;
  }
}

// S_ij = E[w^(i) w^(j)] is the integral of (i omega)^i conj((i omega)^j) over the spectrum, which for the
// Gaussian autocorrelation is the normal density of deviation 1 / s.
TEST(GeneralisedPrecision, IsTheInverseOfTheSpectralMoments) {
  constexpr real s = 0.7L;
  constexpr Eigen::Index orders = 5;
  const auto S = temporal_covariance<real>(orders, s);
  for (Eigen::Index i = 0; i < orders; ++i)
    for (Eigen::Index j = 0; j < orders; ++j) {
      std::complex<real> sum = 0;
      constexpr real width = 1e-2L;  // the trapezoid rule is exact to rounding for a Gaussian this wide
      for (int n = -1600; n <= 1600; ++n) {
        const real omega = n * width;
        const std::complex<real> d(0, omega);
        sum += std::pow(d, static_cast<int>(i)) * std::conj(std::pow(d, static_cast<int>(j))) *
               std::exp(-omega * omega * s * s / 2);
      }
      sum *= width * s / std::sqrt(2 * std::numbers::pi_v<real>);
      EXPECT_NEAR(sum.real(), S(i, j), 1e-10 * (1 + std::abs(S(i, j)))) << i << ' ' << j;
      EXPECT_NEAR(sum.imag(), 0, 1e-10) << i << ' ' << j;
    }
  source draw(2);
  const matrix<real> Pi = positive(draw, 2);
  const matrix<real> P = generalised_precision<real>(orders, s, Pi);
  const matrix<real> Sigma = Pi.inverse();
  const matrix<real> identity = P * kronecker<real>(S, Sigma);
  EXPECT_LT((identity - matrix<real>::Identity(10, 10)).cwiseAbs().maxCoeff(), 1e-12L);
}

TEST(GeneralisedPrecision, OfThreeOrdersIsTheKnownTable) {
  const double s = 0.5;
  mat expected(3, 3);
  expected << 1, 0, -4, 0, 4, 0, -4, 0, 48;  // 1, -1/s^2, 1/s^2, 3/s^4
  EXPECT_LT((temporal_covariance(3, s) - expected).cwiseAbs().maxCoeff(), 1e-12);
}

TEST(GeneralisedShift, MovesEveryOrderDownAndEndsInZero) {
  vec x(6);
  x << 1, 2, 3, 4, 5, 6;
  vec expected(6);
  expected << 3, 4, 5, 6, 0, 0;
  EXPECT_EQ(vec(shift<double>(3, 2) * x), expected);
}

TEST(GeneralisedFilterGradient, IsTheCentralDifferenceWithTheJacobiansHeld) {
  source draw(31);
  constexpr Eigen::Index N = 3, X = 2, O = 3;
  filter<real> f(N, X, curved(), generalised_precision<real>(N, 1.3L, positive(draw, O)));
  const differentiable<real> h = {
      [](const column<real>& x) -> column<real> { return Eigen::Matrix<real, 2, 1>(x(1), -std::sin(x(0))); },
      [](const column<real>& x) {
        matrix<real> J(2, 2);
        J << 0, 1, -std::cos(x(0)), 0;
        return J;
      }};
  const matrix<real> Pi_x = positive(draw, N * X);
  const column<real> o = draw(N * O, 1);
  const auto check = [&](const char* prior) {
    f.mu = draw(N * X, 1, 0.5L);
    const column<real> at = f.mu.head(X);
    EXPECT_LT(worst_difference(f.mu, f.gradient(o), [&] { return f.energy(o, at); }), difference_tolerance)
        << prior;
  };
  check("none");
  f.set_prior(static_prior<real>{h, draw(N * 2, 1)}, Pi_x);
  check("static");
  f.set_prior(dynamic_prior<real>{h}, Pi_x);
  check("dynamic");
}

// Linear maps and a static prior: F is quadratic and the velocity without D vanishes at
// (J'Pi_o J + Pi_x)^{-1} (J' Pi_o o~ + Pi_x g~(c~)).
TEST(GeneralisedFilterStaticPrior, PlainDescentSettlesAtThePosteriorMean) {
  source draw(33);
  constexpr Eigen::Index N = 2, X = 2;
  const matrix<real> C = draw(3, X), G = draw(X, X), Pi_o = positive(draw, N * 3),
                     Pi_x = positive(draw, N * X);
  const column<real> cause = draw(N * X, 1), o = draw(N * 3, 1);
  filter<real> f(N, X, linear<real>(C), Pi_o);
  f.set_prior(static_prior<real>{linear<real>(G), cause}, Pi_x);
  f.moving_frame = false;
  for (int i = 0; i < 4000; ++i) f.step(o, 0.02L);
  const matrix<real> I = matrix<real>::Identity(N, N), J = kronecker<real>(I, C), K = kronecker<real>(I, G);
  const matrix<real> curvature = J.transpose() * Pi_o * J + Pi_x;
  const column<real> expected = curvature.llt().solve(J.transpose() * Pi_o * o + Pi_x * K * cause);
  EXPECT_LT((f.mu - expected).cwiseAbs().maxCoeff(), 1e-14L);
}

// A linear filter driven by o~ = Re(o_w exp(i w t)) answers with Re(m exp(i w t)),
// (i w - D + J'Pi_o J + (D - H)' Pi_x (D - H)) m = J' Pi_o o_w.
TEST(GeneralisedFilterDynamicPrior, AnswersAWaveAsTheFrequencyDomainSays) {
  constexpr Eigen::Index N = 3;
  constexpr double w = 1.5;
  mat A(2, 2);
  A << 0, 1, -1, -0.4;  // a damped oscillator, its position observed
  mat C(1, 2);
  C << 1, 0;
  const mat Pi_o = generalised_precision<double>(N, 0.8, 3 * mat::Identity(1, 1)),
            Pi_x = generalised_precision<double>(N, 0.8, 2 * mat::Identity(2, 2)), I = mat::Identity(N, N);
  filter<double> f(N, 2, linear<double>(C), Pi_o);
  f.set_prior(dynamic_prior<double>{linear<double>(A)}, Pi_x);
  constexpr int per_quarter = 500;
  constexpr double dt = std::numbers::pi / 2 / w / per_quarter;
  constexpr int steps = 50 * 4 * per_quarter;  // fifty whole periods
  for (int i = 0; i < steps; ++i) runge_kutta(f, [&](double t) { return wave(N, w, t); }, i * dt, dt);

  using complex = std::complex<double>;
  const mat D = shift<double>(N, 2), J = kronecker<double>(I, C), M = D - kronecker<double>(I, A);
  const mat real_part = J.transpose() * Pi_o * J + M.transpose() * Pi_x * M - D;
  Eigen::VectorXcd drive(N);
  for (Eigen::Index n = 0; n < N; ++n) drive(n) = std::pow(complex(0, w), static_cast<int>(n));
  const Eigen::MatrixXcd left =
      real_part.cast<complex>() + complex(0, w) * Eigen::MatrixXcd::Identity(2 * N, 2 * N);
  const mat gain = J.transpose() * Pi_o;
  const Eigen::VectorXcd answer = left.partialPivLu().solve(gain.cast<complex>() * drive);
  EXPECT_LT((f.mu - answer.real()).cwiseAbs().maxCoeff(), 1e-8);
}

// Within a tick the observation is held: two half steps are not one.
TEST(GeneralisedFilterStep, SubdividesTheTick) {
  filter<double> a(2, 1, linear<double>(mat::Identity(1, 1)), 4 * mat::Identity(2, 2)), b = a;
  const vec o = wave(2, 1, 0.3);
  a.step(o, 0.1, 2);
  b.step(o, 0.05);
  b.step(o, 0.05);
  EXPECT_EQ(a.mu, b.mu);
}

TEST(GeneralisedFilterErrors, NameThePrecisionThatDoesNotFit) {
  try {
    filter<double>(2, 1, linear<double>(mat::Identity(1, 1)), mat::Identity(1, 1));
    FAIL();
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(), "generalised_filter: Pi_o: expected [2, 2], found [1, 1]");
  }
}

}  // namespace
}  // namespace freefall::by_hand::generalised_filter

// Small dense algebra against Eigen in long double.
// Eigen's AVX-512 packets raise -Wmaybe-uninitialized in g++ 12; the reference is long double anyway.
#define EIGEN_DONT_VECTORIZE

#include "freefall/runtime/dense.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

namespace {

namespace runtime = freefall::runtime;
using exact_matrix = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;

// A = G G' / n + I, condition number below about 10, with NaN in the upper triangle and guards beyond column
// n.
template <class T>
struct problem {
  std::size_t n, ld;
  std::vector<T> a;
  exact_matrix exact;
  T tolerance;  // Higham 2002, 10.1: backward error about 3 n eps, times the condition number 10

  explicit problem(std::size_t size) : n(size), ld(size + 3), a(n * ld, T(-777)) {
    std::mt19937 random(static_cast<unsigned>(n));
    std::normal_distribution<T> normal;
    Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic> g(n, n);
    for (auto& x : g.reshaped()) x = normal(random);
    const Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic> s =
        g * g.transpose() / T(n) +
        Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>::Identity(g.rows(), g.cols());
    exact.resize(g.rows(), g.cols());
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        const auto r = static_cast<Eigen::Index>(std::max(i, j)),
                   c = static_cast<Eigen::Index>(std::min(i, j));
        exact(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = s(r, c);
        a[i * ld + j] = j <= i ? s(r, c) : std::numeric_limits<T>::quiet_NaN();
      }
    tolerance = T(30) * static_cast<T>(n) * std::numeric_limits<T>::epsilon();
  }
};

template <class T>
class Dense : public testing::Test {};
using scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(Dense, scalars);

constexpr std::size_t sizes[] = {1, 2, 3, 4, 7, 16, 17, 33, 64, 100};

TYPED_TEST(Dense, CholeskyFactorMultipliesBackToA) {
  for (const std::size_t n : sizes) {
    problem<TypeParam> p(n);
    const auto before = p.a;
    ASSERT_TRUE(runtime::cholesky(n, p.a.data(), p.ld));
    exact_matrix l = exact_matrix::Zero(p.exact.rows(), p.exact.cols());
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < p.ld; ++j) {
        if (j <= i) l(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = p.a[i * p.ld + j];
        EXPECT_TRUE(j < n || p.a[i * p.ld + j] == before[i * p.ld + j]) << "written beyond column n";
      }
    EXPECT_LE((l * l.transpose() - p.exact).cwiseAbs().maxCoeff(), p.tolerance) << n;
  }
}

TYPED_TEST(Dense, InverseEqualsEigenAndIsExactlySymmetric) {
  for (const std::size_t n : sizes) {
    const problem<TypeParam> p(n);
    const std::size_t ldo = n + 2;
    std::vector<TypeParam> out(n * ldo, TypeParam(5)), scratch(runtime::dense_scratch_elements(n));
    ASSERT_TRUE(runtime::inverse_spd(n, p.a.data(), p.ld, out.data(), ldo, scratch.data()));
    const exact_matrix expected = p.exact.inverse();
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        EXPECT_NEAR(out[i * ldo + j], expected(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)),
                    p.tolerance);
        EXPECT_EQ(out[i * ldo + j], out[j * ldo + i]);
      }
      EXPECT_EQ(out[i * ldo + n], TypeParam(5)) << "written beyond column n";
    }
  }
}

TYPED_TEST(Dense, LogDeterminantEqualsEigen) {
  for (const std::size_t n : sizes) {
    const problem<TypeParam> p(n);
    std::vector<TypeParam> scratch(runtime::dense_scratch_elements(n));
    bool ok = false;
    const TypeParam value = runtime::log_det_spd(n, p.a.data(), p.ld, scratch.data(), ok);
    EXPECT_TRUE(ok);
    const exact_matrix l = p.exact.llt().matrixL();
    const long double expected = 2 * l.diagonal().array().log().sum();
    EXPECT_NEAR(value, expected, p.tolerance * static_cast<TypeParam>(n));
  }
}

// det = (1e-30)^40 lies far below the range of either type.
TYPED_TEST(Dense, LogDeterminantOutlivesTheDeterminant) {
  constexpr std::size_t n = 40;
  constexpr TypeParam tiny = TypeParam(1e-30);
  std::vector<TypeParam> a(n * n), scratch(n * n);
  for (std::size_t i = 0; i < n; ++i) a[i * n + i] = tiny;
  bool ok = false;
  const TypeParam value = runtime::log_det_spd(n, a.data(), n, scratch.data(), ok);
  EXPECT_TRUE(ok);
  const TypeParam expected = TypeParam(n) * std::log(tiny);
  EXPECT_NEAR(value, expected, -expected * TypeParam(n) * std::numeric_limits<TypeParam>::epsilon());
}

TYPED_TEST(Dense, SolveEqualsEigenForOneAndManyRightHandSides) {
  for (const std::size_t n : sizes)
    for (const std::size_t columns : {1U, 2U, 17U})
      for (const std::size_t padding : {0U, 3U}) {
        const problem<TypeParam> p(n);
        const std::size_t ldb = columns + padding;
        std::vector<TypeParam> b(n * ldb), scratch(runtime::dense_scratch_elements(n));
        exact_matrix right(p.exact.rows(), static_cast<Eigen::Index>(columns));
        for (std::size_t i = 0; i < n; ++i)
          for (std::size_t j = 0; j < columns; ++j)
            right(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = b[i * ldb + j] =
                std::sin(static_cast<TypeParam>(i * columns + j));
        ASSERT_TRUE(runtime::solve_spd(n, p.a.data(), p.ld, columns, b.data(), ldb, scratch.data()));
        const exact_matrix expected = p.exact.llt().solve(right);
        for (std::size_t i = 0; i < n; ++i)
          for (std::size_t j = 0; j < columns; ++j)
            EXPECT_NEAR(b[i * ldb + j], expected(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)),
                        p.tolerance);
      }
}

TYPED_TEST(Dense, NotPositiveDefiniteIsReported) {
  using T = TypeParam;
  const T nan = std::numeric_limits<T>::quiet_NaN(), infinity = std::numeric_limits<T>::infinity();
  for (const std::vector<T>& matrix :
       {std::vector<T>{1, 0, 2, 1}, std::vector<T>{-1, 0, 0, 1}, std::vector<T>{0, 0, 0, 1},
        std::vector<T>{1, 0, nan, 1}, std::vector<T>{infinity, 0, 0, 1}}) {
    auto a = matrix;
    EXPECT_FALSE(runtime::cholesky<T>(2, a.data(), 2));
    std::vector<T> out(4), scratch(4);
    EXPECT_FALSE(runtime::inverse_spd<T>(2, matrix.data(), 2, out.data(), 2, scratch.data()));
    EXPECT_FALSE(runtime::solve_spd<T>(2, matrix.data(), 2, 1, out.data(), 1, scratch.data()));
    bool ok = true;
    EXPECT_TRUE(std::isnan(runtime::log_det_spd<T>(2, matrix.data(), 2, scratch.data(), ok)));
    EXPECT_FALSE(ok);
  }
}

}  // namespace

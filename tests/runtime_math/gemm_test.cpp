// gemm against a triple loop in long double, over sizes around the vector widths and every layout.
#include "freefall/runtime/gemm.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

namespace {

using freefall::runtime::gemm;
using freefall::runtime::gemm_scratch_elements;

// A matrix inside a larger buffer whose every other element holds a guard value.
template <class T>
struct placed {
  std::size_t rows, columns;
  std::ptrdiff_t row, column, origin;
  std::vector<T> buffer;
  static constexpr T guard = T(-777);

  enum layout { row_major, column_major, padded_rows, padded_columns, strided, reversed, layouts };

  placed(std::size_t r, std::size_t c, int kind) : rows(r), columns(c), row(0), column(0), origin(5) {
    const auto R = static_cast<std::ptrdiff_t>(r), C = static_cast<std::ptrdiff_t>(c);
    switch (kind) {
      case row_major: row = C, column = 1; break;
      case column_major: row = 1, column = R; break;
      case padded_rows: row = C + 3, column = 1; break;
      case padded_columns: row = 1, column = R + 5; break;
      case strided: row = 2 * C + 1, column = 2; break;
      default: row = -C, column = -1, origin += R * C - 1; break;
    }
    const std::ptrdiff_t extent = std::abs(row) * (R - 1) + std::abs(column) * (C - 1) + 1;
    buffer.assign(static_cast<std::size_t>(extent + 10), guard);
  }
  std::size_t place(std::size_t i, std::size_t j) const {
    return static_cast<std::size_t>(origin + static_cast<std::ptrdiff_t>(i) * row +
                                    static_cast<std::ptrdiff_t>(j) * column);
  }
  T& at(std::size_t i, std::size_t j) { return buffer[place(i, j)]; }
  T at(std::size_t i, std::size_t j) const { return buffer[place(i, j)]; }
  T* data() { return buffer.data() + origin; }
  const T* data() const { return buffer.data() + origin; }
  void fill(std::mt19937& random) {
    std::uniform_real_distribution<T> value(-1, 1);
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < columns; ++j) at(i, j) = value(random);
  }
};

template <class T>
void multiply(T alpha, const placed<T>& a, const placed<T>& b, T beta, placed<T>& c) {
  const std::size_t size = gemm_scratch_elements(a.rows, b.columns, a.columns);
  std::vector<T> scratch(size + 16, placed<T>::guard);
  gemm<T>(a.rows, b.columns, a.columns, alpha, a.data(), a.row, a.column, b.data(), b.row, b.column, beta,
          c.data(), c.row, c.column, scratch.data());
  for (std::size_t i = size; i < scratch.size(); ++i) ASSERT_EQ(scratch[i], placed<T>::guard);
}

// Any order of summation stays within (k + 3) eps of the sum of absolute values (Higham 2002, 3.5), plus the
// rounding of alpha and beta; values are at most 1, alpha and beta at most 2.
template <class T>
void expect_product(std::size_t m, std::size_t n, std::size_t k, int a_kind, int b_kind, int c_kind, T alpha,
                    T beta) {
  SCOPED_TRACE(testing::Message() << m << 'x' << n << 'x' << k << " layouts " << a_kind << b_kind << c_kind
                                  << " alpha " << alpha << " beta " << beta);
  std::mt19937 random(static_cast<unsigned>(m * 7919 + n * 104729 + k));
  placed<T> a(m, k, a_kind), b(k, n, b_kind), c(m, n, c_kind);
  a.fill(random);
  b.fill(random);
  c.fill(random);
  if (beta == T(0))
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t j = 0; j < n; ++j) c.at(i, j) = std::numeric_limits<T>::quiet_NaN();
  const placed<T> before = c;
  multiply(alpha, a, b, beta, c);
  std::vector<bool> inside(c.buffer.size());
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      long double sum = 0, magnitude = 0;
      for (std::size_t p = 0; p < k; ++p) {
        const long double term = static_cast<long double>(a.at(i, p)) * b.at(p, j);
        sum += term;
        magnitude += std::abs(term);
      }
      const long double expected =
          alpha * sum + (beta == T(0) ? 0 : beta * static_cast<long double>(before.at(i, j)));
      const long double allowed =
          static_cast<long double>(std::numeric_limits<T>::epsilon()) *
          (static_cast<long double>(k + 3) * std::abs(alpha) * magnitude + 2 * std::abs(beta));
      ASSERT_LE(std::abs(static_cast<long double>(c.at(i, j)) - expected), allowed) << i << ',' << j;
      inside[c.place(i, j)] = true;
    }
  for (std::size_t e = 0; e < c.buffer.size(); ++e)
    ASSERT_TRUE(inside[e] || c.buffer[e] == placed<T>::guard) << "written outside C at " << e;
}

template <class T>
class Gemm : public testing::Test {};
using scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(Gemm, scalars);

constexpr std::array<std::size_t, 11> sizes = {1, 2, 7, 8, 15, 16, 17, 33, 64, 100, 300};

TYPED_TEST(Gemm, EqualsTheTripleLoopForAllSizesAndSampledLayouts) {
  std::mt19937 random(3);
  for (const std::size_t m : sizes)
    for (const std::size_t n : sizes)
      for (const std::size_t k : sizes) {
        if (m * n * k > 1'000'000) continue;
        std::array<int, 3> kind{};
        for (int& layout : kind) layout = static_cast<int>(random() % placed<TypeParam>::layouts);
        const TypeParam alpha = random() % 2 ? TypeParam(1) : TypeParam(-1.5);
        const TypeParam beta = std::array<TypeParam, 3>{0, 1, TypeParam(0.25)}[random() % 3];
        expect_product<TypeParam>(m, n, k, kind[0], kind[1], kind[2], alpha, beta);
        if (this->HasFatalFailure()) return;
      }
}

TYPED_TEST(Gemm, EqualsTheTripleLoopForAllLayouts) {
  constexpr std::array<std::array<std::size_t, 3>, 9> shapes = {{{64, 100, 33},
                                                                 {17, 10, 100},
                                                                 {7, 33, 64},
                                                                 {1, 100, 64},
                                                                 {100, 1, 64},
                                                                 {1, 1, 300},
                                                                 {33, 17, 1},
                                                                 {4, 24, 300},
                                                                 {3, 5, 7}}};
  for (const auto& [m, n, k] : shapes)
    for (int a = 0; a < placed<TypeParam>::layouts; ++a)
      for (int b = 0; b < placed<TypeParam>::layouts; ++b)
        for (int c = 0; c < placed<TypeParam>::layouts; ++c) {
          expect_product<TypeParam>(m, n, k, a, b, c, TypeParam(1), TypeParam(0));
          expect_product<TypeParam>(m, n, k, a, b, c, TypeParam(0.5), TypeParam(-2));
          if (this->HasFatalFailure()) return;
        }
}

// Sums longer than the blocks of the depth are continued, not restarted.
TYPED_TEST(Gemm, LongSumsPassThroughSeveralBlocks) {
  for (const std::size_t k : {256U, 257U, 1000U, 5000U})
    for (const int layout : {0, 1, 4})
      for (const std::size_t m : {1U, 4U, 40U}) {
        expect_product<TypeParam>(m, 20, k, 0, layout, 0, TypeParam(1), TypeParam(0));
        expect_product<TypeParam>(m, 20, k, 4, layout, 0, TypeParam(1), TypeParam(0.5));
      }
  expect_product<TypeParam>(1, 3, 40'000, 4, 1, 0, TypeParam(1), TypeParam(1));  // gathered in parts
}

TYPED_TEST(Gemm, EmptySumScalesC) {
  using T = TypeParam;
  std::array<T, 2> c = {T(3), std::numeric_limits<T>::quiet_NaN()};
  gemm<T>(1, 1, 0, T(1), nullptr, 1, 1, nullptr, 1, 1, T(2), c.data(), 2, 1, nullptr);
  EXPECT_EQ(c[0], T(6));
  gemm<T>(1, 2, 0, T(1), nullptr, 1, 1, nullptr, 1, 1, T(0), c.data(), 2, 1, nullptr);
  EXPECT_EQ(c[0], T(0));
  EXPECT_EQ(c[1], T(0));
  gemm<T>(0, 2, 4, T(1), nullptr, 1, 1, nullptr, 1, 1, T(0), nullptr, 2, 1, nullptr);
}

// NaN and infinity of A and B reach exactly the elements of C they belong to: neither the overlap of vectors
// nor the masks let them spread or vanish.
TYPED_TEST(Gemm, NanReachesItsRowOrColumnOnly) {
  using T = TypeParam;
  for (const std::size_t m : {1U, 5U, 20U})
    for (const std::size_t n : {3U, 17U, 40U})
      for (const std::size_t k : {5U, 19U, 67U})
        for (int layout = 0; layout < placed<T>::layouts; ++layout) {
          std::mt19937 random(1);
          placed<T> a(m, k, layout), b(k, n, layout), c(m, n, 0);
          a.fill(random);
          b.fill(random);
          a.at(m - 1, k - 1) = std::numeric_limits<T>::quiet_NaN();
          b.at(0, n / 2) = std::numeric_limits<T>::infinity();
          multiply(T(1), a, b, T(0), c);
          for (std::size_t i = 0; i < m; ++i)
            for (std::size_t j = 0; j < n; ++j)
              ASSERT_EQ(std::isfinite(c.at(i, j)), i != m - 1 && j != n / 2)
                  << i << ',' << j << " layout " << layout;
        }
}

// Equal calls give equal bits wherever the operands lie in memory.
TYPED_TEST(Gemm, BitsDoNotDependOnAlignment) {
  using T = TypeParam;
  constexpr std::size_t m = 9, n = 37, k = 71;
  std::mt19937 random(5);
  placed<T> a(m, k, 0), b(k, n, 0);
  a.fill(random);
  b.fill(random);
  std::vector<T> first;
  for (std::size_t shift = 0; shift < 8; ++shift) {
    std::vector<T> x(m * k + shift), y(n * k + shift), z(m * n + shift),
        scratch(gemm_scratch_elements(m, n, k));
    std::copy_n(a.data(), m * k, x.begin() + static_cast<std::ptrdiff_t>(shift));
    std::copy_n(b.data(), n * k, y.begin() + static_cast<std::ptrdiff_t>(shift));
    gemm<T>(m, n, k, T(1), x.data() + shift, k, 1, y.data() + shift, n, 1, T(0), z.data() + shift, n, 1,
            scratch.data());
    const std::vector<T> result(z.begin() + static_cast<std::ptrdiff_t>(shift), z.end());
    if (shift == 0) first = result;
    EXPECT_EQ(result, first);
  }
}

}  // namespace

// Tiled products, products of counted rows and with a vector, transposes and slices in lanes against plain
// loops, over sizes around the tiles and the vector widths.
#include "freefall/runtime/tiled_product.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "freefall/runtime/counted_rows.hpp"
#include "freefall/runtime/lanes.hpp"
#include "freefall/runtime/matrix_vector.hpp"
#include "freefall/runtime/small_product.hpp"
#include "freefall/runtime/transpose.hpp"

namespace {

using namespace freefall::runtime;

template <class T>
std::vector<T> numbers(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<T> value(-1, 1);
  std::vector<T> out(count);
  for (T& x : out) x = value(random);
  return out;
}

// A [m, k] stored by rows or by columns, B [k, n]; every sum is finished once and is the sum.
template <class T, std::size_t m, std::size_t n, bool by_columns>
void expect_product(std::size_t k) {
  constexpr std::ptrdiff_t most = 40;  // of k
  constexpr std::ptrdiff_t row = by_columns ? 1 : most, column = by_columns ? m : 1;
  const auto a = numbers<T>(m * most, 1), b = numbers<T>(most * n, 2);
  std::vector<int> times(m * n, 0);
  tiled_product<T, m, n, row, column, n>(
      k, a.data(), b.data(), [&](std::size_t i, std::size_t first, const T* sum, auto count) {
        for (std::size_t c = 0; c < count.value; ++c) {
          const std::size_t j = first + c;
          long double expected = 0;
          for (std::size_t p = 0; p < k; ++p)
            expected +=
                static_cast<long double>(a[static_cast<std::size_t>(
                    static_cast<std::ptrdiff_t>(i) * row + static_cast<std::ptrdiff_t>(p) * column)]) *
                static_cast<long double>(b[p * n + j]);
          EXPECT_NEAR(static_cast<double>(sum[c]), static_cast<double>(expected),
                      40 * static_cast<double>(std::numeric_limits<T>::epsilon()) * most)
              << i << ", " << j << " of " << m << " x " << n << ", k = " << k;
          ++times[i * n + j];
        }
      });
  EXPECT_EQ(times, std::vector<int>(m * n, 1)) << m << " x " << n;
}

template <class T, std::size_t n>
void expect_products() {
  for (const std::size_t k : {0, 1, 7, 40}) {
    expect_product<T, 1, n, false>(k);
    expect_product<T, 10, n, false>(k);
    expect_product<T, 13, n, true>(k);
    expect_product<T, 24, n, true>(k);
    expect_product<T, 37, n, false>(k);
  }
}

TEST(TiledProduct, EqualsPlainLoops) {
  expect_products<float, 16>();
  expect_products<float, 17>();
  expect_products<float, 32>();
  expect_products<float, 63>();
  expect_products<float, 100>();
  expect_products<double, 8>();
  expect_products<double, 16>();
  expect_products<double, 29>();
}

// Of a team of three, for each tile.
struct third {
  std::size_t which;
  bool owns(std::size_t tile) const { return tile % 3 == which; }
};

// A [m, k] and B [k, n] by rows; every sum is finished once, by one of three threads, or stored where it is
// to stand and nowhere else, and a row has the same bits whatever their number.
template <class T, std::size_t capacity, std::size_t n, std::size_t k, std::ptrdiff_t b_row, bool light>
void expect_counted_rows() {
  constexpr std::ptrdiff_t a_row = k + 3, c_row = n + 2;
  constexpr T untouched = 77;
  const auto a = numbers<T>((capacity - 1) * a_row + k, 1), b = numbers<T>((k - 1) * b_row + n, 2);
  const auto run = [&](std::size_t m) {
    std::vector<T> finished(capacity * c_row, untouched), stored = finished;
    std::vector<int> times(capacity * n, 0), once = times;
    std::fill_n(once.begin(), m * n, 1);
    for (std::size_t thread = 0; thread < 3; ++thread) {
      counted_rows<T, capacity, n, k, a_row, 1, b_row, light>(
          third{thread}, m, a.data(), b.data(),
          [&](std::size_t i, std::size_t first, const T* sum, auto count) {
            for (std::size_t j = first; j < first + count.value; ++j) {
              finished[i * c_row + j] = sum[j - first];
              ++times[i * n + j];
            }
          });
      counted_rows<T, capacity, n, k, a_row, 1, b_row, light>(third{thread}, m, a.data(), b.data(),
                                                              stored_rows<T, c_row>{stored.data()});
    }
    EXPECT_EQ(times, once) << m << " rows, " << k << " x " << n;
    EXPECT_EQ(stored, finished) << m << " rows, " << k << " x " << n;
    return finished;
  };
  const std::vector<T> all = run(capacity);
  for (std::size_t i = 0; i < capacity; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      long double expected = 0;
      for (std::size_t p = 0; p < k; ++p)
        expected += static_cast<long double>(a[i * a_row + p]) * static_cast<long double>(b[p * b_row + j]);
      EXPECT_NEAR(static_cast<double>(all[i * c_row + j]), static_cast<double>(expected),
                  4 * static_cast<double>(std::numeric_limits<T>::epsilon()) * k)
          << i << ", " << j << " of " << k << " x " << n;
    }
  }
  for (std::size_t m = 0; m < capacity; ++m) {
    std::vector<T> first = all;
    std::fill(first.begin() + static_cast<std::ptrdiff_t>(m * c_row), first.end(), untouched);
    EXPECT_EQ(run(m), first) << m << " of " << capacity << " rows, " << k << " x " << n;
  }
}

template <class T, std::size_t n>
void expect_counted_rows_of() {
  expect_counted_rows<T, 1, n, 7, n, false>();
  expect_counted_rows<T, 17, n, 1, n, true>();
  expect_counted_rows<T, 17, n, 25, n + 1, true>();
  expect_counted_rows<T, 33, n, 40, n, false>();
}

TEST(CountedRows, EqualPlainLoopsWhateverTheirNumber) {
  expect_counted_rows_of<float, 2>();
  expect_counted_rows_of<float, 10>();
  expect_counted_rows_of<float, 16>();
  expect_counted_rows_of<float, 25>();
  expect_counted_rows_of<float, 64>();
  expect_counted_rows_of<float, 100>();
  expect_counted_rows_of<double, 3>();
  expect_counted_rows_of<double, 8>();
  expect_counted_rows_of<double, 10>();
  expect_counted_rows_of<double, 29>();
}

template <class T, std::size_t rows, std::size_t columns>
void expect_transpose() {
  const auto in = numbers<T>(rows * columns, 3);
  std::vector<T> out(rows * columns), expected(rows * columns);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j) expected[i * columns + j] = in[j * rows + i];
  transpose<T, rows, columns>(in.data(), out.data());
  EXPECT_EQ(out, expected) << rows << " x " << columns;
}

TEST(Transpose, HasEveryElementInItsPlace) {
  expect_transpose<float, 1, 1>();
  expect_transpose<float, 3, 40>();
  expect_transpose<float, 40, 3>();
  expect_transpose<float, 16, 16>();
  expect_transpose<float, 37, 18>();
  expect_transpose<double, 25, 10>();
  expect_transpose<double, 7, 64>();
  expect_transpose<double, 64, 33>();
}

// B [k, n] stored by rows, by columns or spread out, A [m, k] likewise; every sum is finished once, and a row
// has the same bits whichever rows it is taken with.
template <class T, std::size_t n, std::size_t k, std::ptrdiff_t a_row, std::ptrdiff_t a_column,
          std::ptrdiff_t b_row, std::ptrdiff_t b_column>
void expect_small_product() {
  constexpr std::size_t most = 23;  // rows
  const auto a = numbers<T>((most - 1) * a_row + (k - 1) * a_column + 1, 7);
  const auto b = numbers<T>((k - 1) * b_row + (n - 1) * b_column + 1, 8);
  std::vector<T> alone(most * n);
  const auto run = [&](std::size_t from, std::size_t rows, std::vector<T>& c) {
    std::vector<int> times(rows * n, 0);
    small_product<T, n, k, a_row, a_column, b_row, b_column>(
        rows, a.data() + from * a_row, b.data(),
        [&](std::size_t i, std::size_t first, const T* sum, auto count) {
          for (std::size_t j = 0; j < count.value; ++j) {
            c[(from + i) * n + first + j] = sum[j];
            ++times[i * n + first + j];
          }
        });
    EXPECT_EQ(times, std::vector<int>(rows * n, 1)) << rows << " rows, " << n << " x " << k;
  };
  for (std::size_t i = 0; i < most; ++i) run(i, 1, alone);
  for (std::size_t i = 0; i < most; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      long double expected = 0;
      for (std::size_t p = 0; p < k; ++p)
        expected += static_cast<long double>(a[i * a_row + p * a_column]) *
                    static_cast<long double>(b[p * b_row + j * b_column]);
      EXPECT_NEAR(static_cast<double>(alone[i * n + j]), static_cast<double>(expected),
                  4 * static_cast<double>(std::numeric_limits<T>::epsilon()) * k)
          << i << ", " << j << " of " << n << " x " << k;
    }
  }
  for (const std::size_t rows : {std::size_t{0}, std::size_t{2}, std::size_t{9}, most}) {
    std::vector<T> together = alone;
    run(0, rows, together);
    EXPECT_EQ(together, alone) << rows << " rows, " << n << " x " << k;
  }
}

template <class T, std::size_t n, std::size_t k>
void expect_small_products() {
  expect_small_product<T, n, k, k, 1, n, 1>();       // as they lie
  expect_small_product<T, n, k, k, 1, 1, k>();       // B by columns: weights of a layer
  expect_small_product<T, n, k, 1, 29, 2, 2 * k>();  // A by columns, B spread out
}

TEST(SmallProduct, EqualsPlainLoops) {
  expect_small_products<float, 8, 8>();
  expect_small_products<float, 2, 6>();
  expect_small_products<float, 5, 33>();
  expect_small_products<float, 25, 19>();
  expect_small_products<float, 40, 3>();
  expect_small_products<double, 3, 1>();
  expect_small_products<double, 6, 5>();
  expect_small_products<double, 17, 16>();
}

// The matrix by rows, by columns and spread out; what lies before and after y is left alone.
template <class T, std::size_t m, std::size_t k, std::ptrdiff_t row, std::ptrdiff_t column,
          std::ptrdiff_t step>
void expect_matrix_vector() {
  constexpr std::size_t elements = (m - 1) * row + (k - 1) * column + 1;
  const auto a = numbers<T>(elements, 4), x = numbers<T>((k - 1) * step + 1, 5);
  std::vector<T> y(m + 2, T(-777));
  std::vector<int> finished(m, 0);
  matrix_vector<T, m, k, row, column, step>(a.data(), x.data(),
                                            [&](std::size_t first, const T* sum, auto count) {
                                              for (std::size_t i = 0; i < count.value; ++i) {
                                                y.at(1 + first + i) = sum[i];
                                                ++finished.at(first + i);
                                              }
                                            });
  for (std::size_t i = 0; i < m; ++i) {
    long double expected = 0;
    for (std::size_t p = 0; p < k; ++p)
      expected += static_cast<long double>(a[i * row + p * column]) * static_cast<long double>(x[p * step]);
    EXPECT_NEAR(static_cast<double>(y[i + 1]), static_cast<double>(expected),
                static_cast<double>(k) * static_cast<double>(std::numeric_limits<T>::epsilon()))
        << i << " of " << m << " x " << k;
  }
  EXPECT_EQ(finished, std::vector<int>(m, 1));
  EXPECT_EQ(y.front(), T(-777));
  EXPECT_EQ(y.back(), T(-777));
}

template <class T, std::size_t m, std::size_t k>
void expect_layouts() {
  expect_matrix_vector<T, m, k, k, 1, 1>();
  expect_matrix_vector<T, m, k, 1, m, 1>();
  expect_matrix_vector<T, m, k, 1, m + 3, 2>();
  expect_matrix_vector<T, m, k, 2 * k, 2, 3>();
}

TEST(MatrixVector, EqualsPlainLoops) {
  expect_layouts<float, 1, 1>();
  expect_layouts<float, 3, 17>();
  expect_layouts<float, 17, 3>();
  expect_layouts<float, 31, 33>();
  expect_layouts<float, 64, 64>();
  expect_layouts<float, 70, 5>();
  expect_layouts<double, 4, 4>();
  expect_layouts<double, 7, 9>();
  expect_layouts<double, 16, 16>();
  expect_layouts<double, 39, 8>();
}

// 4096 bytes apart, taken more vectors of rows at a time: some blocks and a rest, and a rest alone.
TEST(MatrixVector, EqualsPlainLoopsWhereColumnsShareCacheSets) {
  expect_matrix_vector<float, 300, 3, 1, 1024, 1>();
  expect_matrix_vector<double, 150, 3, 1, 512, 1>();
  expect_matrix_vector<double, 60, 7, 1, 1024, 2>();
}

// Whole [outer, capacity, inner] through lanes and back: the lanes hold the copies, the last one repeated,
// and nothing but the copies in use changes on the way back.
template <class T, std::size_t width>
void expect_slices(std::size_t outer, std::size_t capacity, std::size_t inner, std::size_t copies) {
  const auto whole = numbers<T>(outer * capacity * inner, 3);
  std::vector<T> back(whole.size(), T(-777)), lanes(outer * inner * width);
  for (std::size_t first = 0; first < copies; first += width) {
    to_lanes<T, width>(outer, capacity, inner, first, copies, whole.data(), lanes.data());
    for (std::size_t o = 0; o < outer; ++o)
      for (std::size_t i = 0; i < inner; ++i)
        for (std::size_t l = 0; l < width; ++l)
          ASSERT_EQ(lanes[(o * inner + i) * width + l],
                    whole[(o * capacity + std::min(first + l, copies - 1)) * inner + i]);
    from_lanes<T, width>(outer, capacity, inner, first, copies, lanes.data(), back.data());
  }
  for (std::size_t o = 0; o < outer; ++o)
    for (std::size_t c = 0; c < capacity; ++c)
      for (std::size_t i = 0; i < inner; ++i) {
        const std::size_t at = (o * capacity + c) * inner + i;
        ASSERT_EQ(back[at], c < copies ? whole[at] : T(-777)) << o << ", " << c << ", " << i;
      }
}

TEST(Lanes, HoldTheCopiesOfASliceAndGiveThemBack) {
  for (const std::size_t inner : {1, 3, 8, 10, 16, 33}) {
    for (const std::size_t copies : {1, 15, 16, 31, 40}) {
      expect_slices<float, 32>(2, 40, inner, copies);
      expect_slices<float, 16>(1, 40, inner, copies);
      expect_slices<double, 16>(3, 40, inner, copies);
      expect_slices<double, 8>(1, 40, inner, copies);
    }
  }
}

}  // namespace

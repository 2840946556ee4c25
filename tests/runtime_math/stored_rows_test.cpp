// Products whose tiles write their rows themselves: where they are to stand and nowhere else, with the bits
// of those that a finish is given, and every element is looked at, and nothing but these.
#include "freefall/runtime/stored_rows.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "freefall/runtime/counted_rows.hpp"
#include "freefall/runtime/small_product.hpp"
#include "freefall/runtime/tiled_product.hpp"

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

// A [m, k] and B [k, n] by rows, with a NaN behind each row of B and room behind each row of C.
template <class T, std::size_t m, std::size_t n, std::size_t k>
struct operands {
  static constexpr std::ptrdiff_t a_row = k, b_row = n + 3, c_row = n + 2;
  std::vector<T> a = numbers<T>(m * k, 1), b = numbers<T>(k * b_row, 2);

  operands() {
    for (std::size_t p = 0; p < k; ++p)
      for (std::size_t j = n; j < b_row; ++j) b[p * b_row + j] = std::numeric_limits<T>::quiet_NaN();
  }
};

template <class T, std::size_t m, std::size_t n, std::size_t k>
struct tiles {
  using of = operands<T, m, n, k>;
  template <class Finish>
  [[gnu::noinline]] void operator()(const of& o, std::size_t, const Finish& finish) const {
    tiled_product<T, m, n, of::a_row, 1, of::b_row>(k, o.a.data(), o.b.data(), finish);
  }
};
template <class T, std::size_t m, std::size_t n, std::size_t k, bool light>
struct counted {
  using of = operands<T, m, n, k>;
  template <class Finish>
  [[gnu::noinline]] void operator()(const of& o, std::size_t rows, const Finish& finish) const {
    counted_rows<T, m, n, k, of::a_row, 1, of::b_row, light>(rows, o.a.data(), o.b.data(), finish);
  }
};
template <class T, std::size_t m, std::size_t n, std::size_t k>
struct small {
  using of = operands<T, m, n, k>;
  template <class Finish>
  [[gnu::noinline]] void operator()(const of& o, std::size_t rows, const Finish& finish) const {
    small_product<T, n, k, of::a_row, 1, of::b_row, 1>(rows, o.a.data(), o.b.data(), finish);
  }
};

template <class T, std::size_t m, std::size_t n, std::size_t k, class Product>
void expect_stored(const Product& product, std::size_t rows) {
  using of = operands<T, m, n, k>;
  constexpr T untouched = 77;
  of o;
  std::vector<T> finished(m * of::c_row, untouched), stored = finished, checked = finished;
  product(o, rows, [&](std::size_t i, std::size_t first, const T* sum, auto count) {
    for (std::size_t j = 0; j < count.value; ++j) finished[i * of::c_row + first + j] = sum[j];
  });
  product(o, rows, stored_rows<T, of::c_row>{stored.data()});
  const auto is_finite_now = [&] {
    freefall::runtime::finite<T> seen;
    product(o, rows, stored_rows<T, of::c_row, freefall::runtime::finite<T>>{checked.data(), seen});
    return bool(seen);
  };
  EXPECT_TRUE(is_finite_now()) << rows << " of " << m << " rows, " << k << " x " << n;
  EXPECT_EQ(stored, finished) << rows << " of " << m << " rows, " << k << " x " << n;
  EXPECT_EQ(checked, finished) << rows << " of " << m << " rows, " << k << " x " << n;
  const T large = std::numeric_limits<T>::max();
  // One element of C is infinite: that of a row of A and a column of B.
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      T &x = o.a[i * k + k - 1], &w = o.b[(k - 1) * of::b_row + j];
      const T x_before = std::exchange(x, large), w_before = std::exchange(w, T(16));
      EXPECT_EQ(is_finite_now(), i >= rows)
          << i << ", " << j << " of " << rows << " rows, " << k << " x " << n;
      x = x_before;
      w = w_before;
    }
  }
}

template <class T, std::size_t m, std::size_t n, std::size_t k>
void expect_forms() {
  if constexpr (n * sizeof(T) >= FREEFALL_VECTOR_BYTES) expect_stored<T, m, n, k>(tiles<T, m, n, k>{}, m);
  for (const std::size_t rows : {m, (m + 1) / 2, std::size_t{1}}) {
    expect_stored<T, m, n, k>(counted<T, m, n, k, true>{}, rows);
    expect_stored<T, m, n, k>(counted<T, m, n, k, false>{}, rows);
    expect_stored<T, m, n, k>(small<T, m, n, k>{}, rows);
  }
}

TEST(StoredRows, AreThoseOfAFinishAndLookedAt) {
  expect_forms<float, 27, 16, 9>();  // of one vector, where rows load elements for two steps
  expect_forms<float, 27, 16, 8>();
  expect_forms<float, 70, 8, 8>();
  expect_forms<float, 13, 10, 7>();
  expect_forms<float, 26, 25, 5>();
  expect_forms<float, 9, 64, 3>();
  expect_forms<float, 5, 2, 6>();
  expect_forms<double, 70, 8, 8>();
  expect_forms<double, 27, 4, 4>();
  expect_forms<double, 13, 10, 7>();
  expect_forms<double, 26, 25, 5>();
}

}  // namespace

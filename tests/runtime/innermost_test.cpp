// Sums, maxima and the test for finite numbers in lanes, each element counts.

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <freefall/runtime/arguments.hpp>
#include <freefall/runtime/innermost.hpp>
#include <freefall/runtime/updated_product.hpp>
#include <limits>
#include <utility>

namespace freefall::runtime {
namespace {

// Less than a vector, some vectors and a rest, several abreast once and again, for 2 to 16 lanes.
constexpr std::array<std::size_t, 18> counts = {1,  2,  3,  4,  5,  7,  8,  9,  15,
                                                16, 19, 31, 33, 50, 63, 64, 79, 150};

// check.operator()<n>() for these numbers n of elements.
template <class F>
void for_each_count(const F& check) {
  [&]<std::size_t... k>(std::index_sequence<k...>) {
    (check.template operator()<counts[k]>(), ...);
  }(std::make_index_sequence<counts.size()>{});
}

template <class T>
class InLanes : public testing::Test {
 protected:
  static constexpr T infinity = std::numeric_limits<T>::infinity();
  static constexpr T nan = std::numeric_limits<T>::quiet_NaN();
};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(InLanes, Scalars);

TYPED_TEST(InLanes, ASumHasEveryElementOnce) {
  using T = TypeParam;
  const auto square = [](std::size_t i) { return static_cast<T>(i * i); };  // exact
  for_each_count([&]<std::size_t n>() {
    const T expected = 3 + static_cast<T>((n - 1) * n * (2 * n - 1) / 6);
    T one = 3, four = 3;
    add_over<n, 1>(one, square);
    add_over<n, 4>(four, square);
    EXPECT_EQ(one, expected) << n;
    EXPECT_EQ(four, expected) << n;
  });
}

TYPED_TEST(InLanes, AMaximumIsFoundWhereverItStands) {
  using T = TypeParam;
  for_each_count([&]<std::size_t n>() {
    for (std::size_t at = 0; at < n; ++at) {
      const auto f = [&](std::size_t i) { return i == at ? T(-0.5) : -static_cast<T>(i) - 1; };
      T one = -this->infinity, four = -this->infinity, larger = 7;
      maximum_over<n, 1>(one, f);
      maximum_over<n, 4>(four, f);
      maximum_over<n, 4>(larger, f);
      EXPECT_EQ(one, T(-0.5)) << n << ", " << at;
      EXPECT_EQ(four, T(-0.5)) << n << ", " << at;
      EXPECT_EQ(larger, 7);
    }
  });
}

TYPED_TEST(InLanes, APositiveNumberIsFoundWhereverItStands) {
  using T = TypeParam;
  for_each_count([&]<std::size_t n>() {
    std::array<T, n + 2> values;  // one before and one behind, that are not looked at
    values.fill(T(-0.0));
    values.front() = values.back() = 1;
    EXPECT_FALSE(any_positive<n>(values.data() + 1)) << n;
    for (std::size_t at = 1; at <= n; ++at) {
      for (const T positive : {std::numeric_limits<T>::min(), T(1), this->infinity}) {
        values[at] = positive;
        EXPECT_TRUE(any_positive<n>(values.data() + 1)) << n << ", " << at;
      }
      for (const T none : {T(-1), -this->infinity, T(0)}) {
        values[at] = none;
        EXPECT_FALSE(any_positive<n>(values.data() + 1)) << n << ", " << at;
      }
    }
  });
}

TYPED_TEST(InLanes, AMaximumKeepsANaNAndAnInfinity) {
  using T = TypeParam;
  for_each_count([&]<std::size_t n>() {
    for (std::size_t at = 0; at < n; ++at) {
      for (const T special : {this->nan, -this->nan, this->infinity}) {
        const auto f = [&](std::size_t i) { return i == at ? special : static_cast<T>(i); };
        T found = 0;
        maximum_over<n, 4>(found, f);
        EXPECT_EQ(std::isnan(found), std::isnan(special)) << n << ", " << at;
        if (!std::isnan(special)) {
          EXPECT_EQ(found, special) << n << ", " << at;
        }
      }
    }
    T before = this->nan;
    maximum_over<n, 4>(before, [](std::size_t) { return T(1); });
    EXPECT_TRUE(std::isnan(before)) << n;
  });
}

TYPED_TEST(InLanes, ARowIsStoredOnceAndNotedWhereItIsNotFinite) {
  using T = TypeParam;
  for_each_count([&]<std::size_t n>() {
    std::array<T, n + 1> row;
    row.fill(-7);
    for (std::size_t at = 0; at <= n; ++at) {
      finite<T> seen;
      store_over<n>(row.data(), seen, [&](std::size_t i) { return i == at ? this->nan : static_cast<T>(i); });
      EXPECT_EQ(bool(seen), at == n) << n << ", " << at;
    }
    for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(row[i], static_cast<T>(i)) << n;
    EXPECT_EQ(row[n], -7) << n;
  });
}

// Rows that are stored on the way of a sum, of a maximum and of nothing else.
TYPED_TEST(InLanes, WhatPassesThroughANoteIsSeenWhereItIsNotFinite) {
  using T = TypeParam;
  const auto check = [&]<std::size_t n>() {
    std::array<T, n> first, second;
    for (std::size_t at = 0; at <= n; ++at) {
      const auto store = [&](std::size_t i, auto& note) {
        first[i] = note(static_cast<T>(i));
        second[i] = note(i == at ? -this->infinity : T(1) - static_cast<T>(i));
        return static_cast<T>(i);
      };
      T sum = 3, largest = -this->infinity;
      finite<T> added, compared, stored, abreast, set;
      add_over<n, 4>(sum, added, store);
      maximum_over<n, 4>(largest, compared, store);
      each_over<n, T>(stored, [&](std::size_t i, auto& note) { store(i, note); });
      first.fill(-7);
      each_over<n, T, true>(abreast, [&](std::size_t i, auto& note) { store(i, note); });
      for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(first[i], T(i)) << n << ", " << at;
      set_over<n>(first.data(), set, [&](std::size_t i) { return i == at ? this->nan : T(i); });
      EXPECT_EQ(sum, 3 + static_cast<T>(n * (n - 1) / 2)) << n << ", " << at;
      EXPECT_EQ(largest, static_cast<T>(n - 1)) << n << ", " << at;
      for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(second[i], i == at ? -this->infinity : T(1) - T(i)) << n;
      for (finite<T>* seen : {&added, &compared, &stored, &abreast, &set})
        EXPECT_EQ(bool(*seen), at == n) << n << ", " << at;
    }
    finite<T> before;
    before |= carried(this->nan);
    each_over<n, T>(before, [&](std::size_t i, auto& note) { first[i] = note(T(1)); });
    EXPECT_FALSE(bool(before)) << "what was seen before is forgotten";
  };
  check.template operator()<2>();
  check.template operator()<5>();
  check.template operator()<19>();
  check.template operator()<79>();
}

TYPED_TEST(InLanes, ARowThatTakesLongIsSetToItsEnd) {
  using T = TypeParam;
  for_each_count([&]<std::size_t n>() {
    if constexpr (n > 1) {
      std::array<T, n + 1> row;
      row.fill(-7);
      set_over<n>(row.data(), [](std::size_t i) { return static_cast<T>(i * i); });
      for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(row[i], static_cast<T>(i * i)) << n;
      EXPECT_EQ(row[n], -7) << n;
      std::array<T, n + 1> other = row;
      for (std::size_t at = 0; at <= n; ++at) {
        finite<T> seen;
        rows_over<n, T>(seen, [&](std::size_t i, auto& note) {
          row[i] = note(static_cast<T>(i));
          other[i] = note(i == at ? this->nan : row[i] + 1);
        });
        EXPECT_EQ(bool(seen), at == n) << n << ", " << at;
      }
      for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(other[i], static_cast<T>(i + 1)) << n;
      EXPECT_EQ(other[n], -7) << n;
    }
  });
}

TYPED_TEST(InLanes, EachNumberIsVisitedOnce) {
  using T = TypeParam;
  for_each_count([&]<std::size_t n>() {
    std::array<T, n + 1> visits{}, expected;
    expected.fill(4);
    expected[n] = 0;
    each_over<n, T>([&](std::size_t i) { visits[i] += 1; });
    each_over<n, T, true>([&](std::size_t i) { visits[i] += 1; });
    T sum = 0, largest = -this->infinity;
    const auto visit = [&](std::size_t i) {
      visits[i] += 1;
      return static_cast<T>(i);
    };
    add_over<n, 4>(sum, visit);
    maximum_over<n, 4>(largest, visit);
    EXPECT_EQ(visits, expected) << n;
    EXPECT_EQ(sum, static_cast<T>(n * (n - 1) / 2)) << n;
    EXPECT_EQ(largest, static_cast<T>(n - 1)) << n;
  });
}

// A matrix of m rows that changes, times a vector: by rows or by columns, with a diagonal of its own or not.
template <class T, std::size_t m, std::size_t k, bool by_columns, bool diagonal>
void expect_updated_product(bool backwards) {
  constexpr std::ptrdiff_t row = by_columns ? 1 : k, column = by_columns ? m : 1;
  std::array<T, m * k> a, expected;
  std::array<T, k> x;
  std::array<T, m> y{}, sums{}, before{};
  const auto at = [](std::size_t i, std::size_t p) {
    return i * static_cast<std::size_t>(row) + p * static_cast<std::size_t>(column);
  };
  const auto number = [](std::size_t n) { return static_cast<T>(static_cast<int>(n * 7 % 11) - 5); };
  for (std::size_t p = 0; p < k; ++p) x[p] = number(p + 3);
  for (std::size_t i = 0; i < m; ++i) {
    before[i] = number(i);
    for (std::size_t p = 0; p < k; ++p) {
      a[at(i, p)] = number(i + 2 * p);
      expected[at(i, p)] = diagonal && i == p ? static_cast<T>(i) : a[at(i, p)] + before[i] * x[p];
      sums[i] += expected[at(i, p)] * x[p];
    }
  }
  finite<T> seen;
  std::array<std::size_t, m> finished{};
  const auto element = [&](std::size_t i, std::size_t p) { return a[at(i, p)] + before[i] * x[p]; };
  const auto update = [&](std::size_t outer) {
    return [=](std::size_t inner) { return by_columns ? element(inner, outer) : element(outer, inner); };
  };
  const auto finish = [&](std::size_t first, const T* sum, auto count) {
    for (std::size_t c = 0; c < count; ++c) {
      y[first + c] = sum[c];
      before[first + c] = -100;  // of rows whose change is behind
      ++finished[first + c];
    }
  };
  const auto own = [](std::size_t i) { return static_cast<T>(i); };
  if constexpr (diagonal) {
    updated_matrix_vector<T, m, k, row, column, 1>(a.data(), x.data(), seen, backwards, update, own, finish);
  } else {
    updated_matrix_vector<T, m, k, row, column, 1>(a.data(), x.data(), seen, backwards, update, like_all(),
                                                   finish);
  }
  EXPECT_EQ(a, expected) << m << " x " << k;
  EXPECT_EQ(y, sums) << m << " x " << k;
  for (const std::size_t n : finished) EXPECT_EQ(n, 1U) << m << " x " << k;
  EXPECT_TRUE(bool(seen));
  x[k - 1] = std::numeric_limits<T>::infinity();
  before.fill(1);
  updated_matrix_vector<T, m, k, row, column, 1>(a.data(), x.data(), seen, backwards, update, like_all(),
                                                 finish);
  EXPECT_FALSE(bool(seen)) << m << " x " << k;
}

TYPED_TEST(InLanes, AMatrixChangesOnTheWayThroughItsProduct) {
  using T = TypeParam;
  const auto all = []<std::size_t m, std::size_t k>(bool backwards) {
    expect_updated_product<T, m, k, false, false>(backwards);
    expect_updated_product<T, m, k, true, false>(backwards);
    if constexpr (m == k) {
      expect_updated_product<T, m, k, false, true>(backwards);
      expect_updated_product<T, m, k, true, true>(backwards);
    }
  };
  for (const bool backwards : {false, true}) {
    all.template operator()<2, 5>(backwards);
    all.template operator()<3, 3>(backwards);
    all.template operator()<25, 25>(backwards);
    all.template operator()<48, 48>(backwards);  // diagonals in each of several vectors, and in no rest
    all.template operator()<37, 18>(backwards);
    // Blocks of eight vectors, up to those of 16 lanes; what is no vector alone, or along with others.
    expect_updated_product<T, 140, 140, true, true>(backwards);
    expect_updated_product<T, 125, 125, true, true>(backwards);
    expect_updated_product<T, 125, 30, true, false>(backwards);
    // Rows behind the last that has a diagonal.
    expect_updated_product<T, 16, 9, true, true>(backwards);
    expect_updated_product<T, 32, 25, true, true>(backwards);
    expect_updated_product<T, 128, 125, true, true>(backwards);
    expect_updated_product<T, 144, 140, true, true>(backwards);
  }
}

TYPED_TEST(InLanes, WhatWasSeenIsHandedOn) {
  using T = TypeParam;
  for (const T x : {T(1), -this->infinity, this->nan}) {
    std::array<T, 7> all{};
    all[5] = x;
    finite<T> before;
    before& whole<7, T>{all.data()};
    finite<T> after(before.bits());
    EXPECT_EQ(bool(after), std::isfinite(x)) << x;
    after& whole<5, T>{all.data()};
    EXPECT_EQ(bool(after), std::isfinite(x)) << x;
    finite<T> own, together;
    own.template look_at<7>(all.data());
    together.join(finite<T>());
    together.join(own);
    EXPECT_EQ(bool(together), std::isfinite(x)) << x;
    together.join(finite<T>());
    EXPECT_EQ(bool(together), std::isfinite(x)) << "what was seen before is forgotten";
  }
}

TYPED_TEST(InLanes, ANumberThatIsNotFiniteIsSeenWhereverItStands) {
  using T = TypeParam;
  const auto check = [&]<std::size_t n>() {
    std::array<T, n + 2> values;  // one before and one behind, that are not looked at
    values.fill(std::numeric_limits<T>::max());
    values.front() = values.back() = this->nan;
    const whole<n, T> all{values.data() + 1};
    EXPECT_TRUE(bool(finite<T>() & all)) << n;
    for (std::size_t at = 0; at < n; ++at) {
      for (const T special : {this->nan, -this->nan, this->infinity, -this->infinity}) {
        values[at + 1] = special;
        EXPECT_FALSE(bool(finite<T>() & all)) << n << ", " << at;
      }
      values[at + 1] = 0;
    }
  };
  for_each_count(check);
  check.template operator()<1101>();  // where two vectors at a time are looked at
}

}  // namespace
}  // namespace freefall::runtime

// The functions of kernels keep a NaN of any argument, in every lane, but for those of which the compiler
// knows that they do not (codegen/loop/hidden_nan.hpp).

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <string_view>

#include "codegen/loop/hidden_nan.hpp"
#include "freefall/runtime/pointwise.hpp"

namespace freefall::test {
namespace {

namespace math = runtime::math;

constexpr std::size_t kLanes = 32;

// NaN in the argument at `position` of one lane, numbers of the domain everywhere else.
template <class T, int arity, class F>
void expect_kept(std::string_view name, int position, const F& f) {
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    std::array<std::array<T, kLanes>, 2> x;
    std::array<T, kLanes> y{};
    x[0].fill(T(0.37));
    x[1].fill(T(0.37));
    x[static_cast<std::size_t>(position)][lane] = std::numeric_limits<T>::quiet_NaN();
    for (std::size_t i = 0; i < kLanes; ++i) {
      if constexpr (arity == 1) {
        y[i] = f(x[0][i]);
      } else {
        y[i] = f(x[0][i], x[1][i]);
      }
    }
    for (std::size_t i = 0; i < kLanes; ++i)
      EXPECT_EQ(std::isnan(y[i]), i == lane) << name << ", argument " << position << ", lane " << i;
  }
}

template <class T>
void expect_all_kept() {
  std::size_t kept = 0;
  const auto check = [&]<int arity>(ir::Function function, std::string_view name, const auto& f) {
    if (loop::drops_nan(function)) return;
    ++kept;
    for (int position = 0; position < arity; ++position) expect_kept<T, arity>(name, position, f);
  };
#define FREEFALL_OF_ARITY_0(name)
#define FREEFALL_OF_ARITY_1(name) \
  check.template operator()<1>(ir::Function::name, #name, [](T x) { return math::name(x); });
#define FREEFALL_OF_ARITY_2(name) \
  check.template operator()<2>(ir::Function::name, #name, [](T x, T y) { return math::name(x, y); });
#define FREEFALL_FUNCTION(name, arity, cost, latex, value, derivative) FREEFALL_OF_ARITY_##arity(name)
#include "codegen/ir/functions.def"
#undef FREEFALL_FUNCTION
  EXPECT_GT(kept, 20U);
}

TEST(Functions, KeepANaN) {
  expect_all_kept<double>();
  expect_all_kept<float>();
}

// So they have to be known.
TEST(Functions, ThatCompareDropIt) {
  const double nan = std::nan("");
  EXPECT_EQ(math::less(nan, 1.0), 0);
  EXPECT_EQ(math::equal(nan, nan), 0);
  EXPECT_EQ(math::pow(nan, 0.0), 1);
  for (const auto f : {ir::Function::less, ir::Function::equal, ir::Function::pow, ir::Function::polygamma})
    EXPECT_TRUE(loop::drops_nan(f));
}

}  // namespace
}  // namespace freefall::test

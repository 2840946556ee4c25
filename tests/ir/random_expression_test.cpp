// Properties of every expression, over random ones.

#include <gtest/gtest.h>

#include <cmath>

#include "codegen/ir/expand.hpp"
#include "codegen/ir/interpret.hpp"
#include "codegen/ir/parse.hpp"
#include "codegen/ir/print.hpp"
#include "codegen/ir/verify.hpp"
#include "tests/support/random_expression.hpp"

namespace freefall {
namespace {

using namespace ir;
using test::RandomExpression;

constexpr std::uint64_t kSeeds = 400;

// Sums in another order: a few hundred roundings of an extended-precision number.
void expect_close(const Value<long double>& found, const Value<long double>& expected,
                  const std::string& what) {
  ASSERT_EQ(found.data.size(), expected.data.size()) << what;
  for (std::size_t k = 0; k < found.data.size(); ++k) {
    const long double scale = 1.0L + std::fabs(expected.data[k]);
    EXPECT_LE(std::fabs(found.data[k] - expected.data[k]), 1e-13L * scale) << what << "\nelement " << k;
  }
}

std::vector<Index> some_free(Context& context) {
  return {{context.axis("a"), 0}, {context.axis("a"), 1}, {context.axis("b"), 0}};
}

TEST(RandomExpression, SatisfiesEveryInvariant) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Context context;
    RandomExpression random(context, {.seed = seed});
    ASSERT_NO_THROW(verify(random.over(some_free(context), 4))) << seed;
  }
}

TEST(RandomExpression, IsTheSameNodeWhateverTheOrderOfConstructionAndNamesOfBoundIndices) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Context context;
    const Expr first = RandomExpression(context, {.seed = seed}).over(some_free(context), 4);
    for (std::uint64_t shuffle = 1; shuffle <= 3; ++shuffle) {
      const Expr again =
          RandomExpression(context,
                           {.seed = seed, .first_level = 90 - static_cast<int>(shuffle), .shuffle = shuffle})
              .over(some_free(context), 4);
      ASSERT_EQ(print(first), print(again)) << seed;
      ASSERT_EQ(first, again) << seed << ": " << print(first);
    }
  }
}

TEST(RandomExpression, IsReadBackFromItsText) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Context context;
    const Expr e = RandomExpression(context, {.seed = seed}).over(some_free(context), 4);
    const std::string text = print(e);
    Expr again;
    ASSERT_NO_THROW(again = parse(context, text)) << text;
    ASSERT_EQ(again, e) << text << "\n" << print(again);
  }
}

TEST(RandomExpression, KeepsItsValueWhenIndicesAreSubstituted) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Context context;
    RandomExpression random(context, {.seed = seed});
    const Expr e = random.over(some_free(context), 3);
    const Environment<long double> environment = random.environment();
    const std::vector<Index> f = some_free(context);
    const Index other{context.axis("a"), 2};
    const Expr swapped = substitute(e, {{f[0], f[1]}, {f[1], other}});
    ASSERT_NO_THROW(verify(swapped)) << seed;
    expect_close(evaluate(swapped, {f[1], other, f[2]}, environment), evaluate(e, f, environment), print(e));
  }
}

TEST(Expand, KeepsTheValueAndIsIdempotent) {
  std::size_t expanded = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Context context;
    RandomExpression random(context, {.seed = seed});
    const std::vector<Index> f = some_free(context);
    const Expr e = random.over(f, 3);
    const Environment<long double> environment = random.environment();
    const std::optional<Expr> out = try_expand(e, 2000);
    if (!out) continue;
    ++expanded;
    ASSERT_NO_THROW(verify(*out)) << seed;
    EXPECT_EQ(expand(*out), *out) << print(e);
    expect_close(evaluate(*out, f, environment), evaluate(e, f, environment), print(e) + "\n" + print(*out));
  }
  EXPECT_GT(expanded, kSeeds * 9 / 10);
}

// (x + y)^2 - x^2 - 2 x y - y^2 is zero for any polynomials x and y.
TEST(Expand, MakesEqualPolynomialsTheSameNode) {
  std::size_t compared = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Context context;
    RandomExpression random(context, {.seed = seed, .polynomial = true});
    const std::vector<Index> f = some_free(context);
    const Expr x = random.over(f, 2), y = random.over(f, 2), z = random.over({f[0], f[2]}, 1);
    const std::optional<Expr> difference =
        try_expand(power(x + y, 2) - x * x - Number(2) * x * y - y * y, 2000);
    const Index i = f[0], j{context.axis("a"), 7};
    const auto total = [&](Expr e) { return make_contract({i}, e); };
    const std::optional<Expr> nested = try_expand(total((x + y) * z) - total(x * z) - total(y * z), 2000);
    const Expr squared = total(z * power(make_contract({f[1]}, x), 2));
    const Expr apart = make_contract({i, j, f[1]}, z * x * substitute(x, {{f[1], j}}));
    const std::optional<Expr> merged = try_expand(squared - apart, 2000);
    if (!difference || !nested || !merged) continue;
    ++compared;
    EXPECT_TRUE((*difference)->is_constant(0)) << seed << ": " << print(*difference);
    EXPECT_TRUE((*nested)->is_constant(0)) << seed << ": " << print(*nested);
    EXPECT_TRUE((*merged)->is_constant(0)) << seed << ": " << print(squared) << "\n"
                                           << print(apart) << "\n"
                                           << print(*merged);
  }
  EXPECT_GT(compared, kSeeds * 3 / 4);
}

}  // namespace
}  // namespace freefall

// Every function a kernel can call keeps the bound of numerics.def, on each instruction set this machine has;
// and none is left out. A coarse sampling; scripts/ulp makes the dense one.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "tests/numerics/measure.hpp"

namespace freefall::numerics {
namespace {

template <class T>
void expect_within_bounds() {
  const auto sets = instruction_sets();
  for (const measurement& m : measure<T>({104'729, 2'000})) {
    for (std::size_t s = 0; s < sets.size(); ++s) {
      EXPECT_LE(m.by_set[s].ulp, m.bound)
          << m.name << " on " << sets[s].name << " at " << m.by_set[s].x << ", " << m.by_set[s].y;
    }
  }
}

TEST(Numerics, FloatFunctionsKeepTheirBounds) { expect_within_bounds<float>(); }
TEST(Numerics, DoubleFunctionsKeepTheirBounds) { expect_within_bounds<double>(); }

TEST(Numerics, NoFunctionOfKernelsIsLeftOut) {
  std::set<std::string> measured = {// No rounding: selections, comparisons, a constant.
                                    "pi", "relu", "step", "abs", "sign", "less", "equal"};
#define FREEFALL_NUMERIC(name, domain, floor, in_float, in_double, value) measured.insert(#name);
#include "tests/numerics/numerics.def"
#undef FREEFALL_NUMERIC
#define FREEFALL_FUNCTION(name, arity, cost, latex, value, derivative) \
  EXPECT_TRUE(measured.contains(#name)) << #name " needs a row in numerics.def";
#include "codegen/ir/functions.def"
#undef FREEFALL_FUNCTION
}

}  // namespace
}  // namespace freefall::numerics
